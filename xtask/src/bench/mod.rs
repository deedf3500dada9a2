//! `cargo xtask bench`: the release binary measured from outside against floors that use no product code, all in one
//! run on one machine, load and sink included. Figures of different runs do not compare; their ratios do.

mod aims;
mod backlog;
mod copies;
mod echo;
mod exchange_and_commit;
mod figure;
mod floors;
mod group_commit;
mod live;
mod load;
mod open_loop;
mod page;
mod percentile;
mod plot;
mod postgres;
mod product;
mod records;
mod recovery;
mod requests;
mod scale;
mod server;
mod sheet;
mod sink;
mod store;
mod usage;
mod webhooks;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use slugline_parts::postgres::Server;
use tokio::task::LocalSet;

use crate::parts::process;
use crate::{proof, run};
pub(crate) use figure::Document;
pub(crate) use page::table;

use floors::Floors;
use product::Bench;
use scale::Scale;
use sheet::Sheet;
use store::Store;

/// The stores, as figures name them.
const SQLITE: &str = "sqlite";
const POSTGRES: &str = "postgres";

/// A store that can be measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    #[default]
    Sqlite,
    Postgres,
}

/// What `cargo xtask bench` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Short measurements, about 90 s in all: they show that it works and roughly how fast
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// With ten million jobs queued as well
    #[arg(long)]
    full: bool,
    /// What the server stores in; PostgreSQL must be installed, and is started for this alone
    #[arg(long, value_enum, default_value_t)]
    store: Kind,
    /// Print the figures as one line of JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Write docs/speed.md and its picture from these figures
    #[arg(long, conflicts_with = "quick")]
    docs: bool,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => SQLITE,
            Self::Postgres => POSTGRES,
        }
    }

    /// Starts what it needs.
    fn start(self) -> Result<Store> {
        Ok(match self {
            Self::Sqlite => Store::Sqlite,
            Self::Postgres => Store::Postgres(Rc::new(Server::start_durable()?)),
        })
    }
}

impl Options {
    /// `--quick` and nothing else.
    pub(crate) fn quick() -> Self {
        Self {
            quick: true,
            full: false,
            store: Kind::Sqlite,
            json: false,
            docs: false,
        }
    }

    fn scale(&self) -> Scale {
        match (self.quick, self.full) {
            (true, _) => Scale::Quick,
            (false, true) => Scale::Full,
            (false, false) => Scale::Usual,
        }
    }

    fn as_arguments(&self) -> impl Iterator<Item = &'static str> {
        let flags = [
            (self.quick, "--quick"),
            (self.full, "--full"),
            (self.store == Kind::Postgres, "--store=postgres"),
            (self.json, "--json"),
            (self.docs, "--docs"),
        ];
        flags
            .into_iter()
            .filter(|(given, _)| *given)
            .map(|(_, flag)| flag)
    }
}

/// Measures and prints. A development build of this program starts its own release build instead: a floor that is not
/// optimised would flatter the product.
///
/// # Errors
/// Something does not build or start, or what was accepted, delivered and settled does not agree.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if cfg!(debug_assertions) {
        run_released(options)
    } else {
        measure_and_print(options)
    }
}

/// Built apart: together they would share features, and the product would not be the one that users build.
fn run_released(options: &Options) -> Result<bool> {
    for package in ["slugline", "xtask"] {
        let mut build = run::cargo(&["build", "--release", "--quiet", "--package", package]);
        anyhow::ensure!(
            build.status()?.success(),
            "the release build failed; the compiler's messages are above"
        );
    }
    let mut released = std::process::Command::new(run::target().join("release/xtask"));
    released.arg("bench").args(options.as_arguments());
    Ok(released
        .status()
        .context("cannot start the release build of xtask")?
        .success())
}

fn measure_and_print(options: &Options) -> Result<bool> {
    let document = Document {
        figures: measure(options)?.figures(),
    };
    if options.scale() != Scale::Quick {
        proof::keep(&format!("bench-{}", options.store.name()), &document)?;
    }
    match options.json {
        true => println!("{}", document.json()?),
        false => print!("\n{}", document.table()),
    }
    if options.docs {
        page::write()?;
    }
    Ok(true)
}

/// The last figures of each store that was ever measured here.
///
/// # Errors
/// They cannot be read.
pub(crate) fn stores() -> Result<Vec<Document>> {
    let kept = [SQLITE, POSTGRES].into_iter().map(page::kept);
    kept.filter_map(Result::transpose).collect()
}

/// Load, sink and HTTP floor's callers share one thread, so that the product has the other core.
fn measure(options: &Options) -> Result<Sheet> {
    let work = emptied_folder()?;
    let store = options.store.start()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let sheet = LocalSet::new().block_on(&runtime, measure_all(&work, options.scale(), store))?;
    std::fs::remove_dir_all(&work)?;
    Ok(sheet)
}

/// A run that was interrupted leaves a server and its data behind; both would spoil the next one.
fn emptied_folder() -> Result<PathBuf> {
    let work = run::target().join("bench");
    process::end_leftovers(&work);
    if work.exists() {
        std::fs::remove_dir_all(&work)?;
    }
    std::fs::create_dir_all(&work)?;
    Ok(work)
}

async fn measure_all(work: &Path, scale: Scale, store: Store) -> Result<Sheet> {
    let floors = Floors::measure(&store, work, scale.span()).await?;
    let binary = run::target().join("release/slugline");
    let bench = Bench {
        binary: &binary,
        work,
        span: scale.span(),
        store,
    };
    eprintln!("intake: publishes scheduled for the far future, so that no delivery runs beside it");
    let intake = bench.intake().await?;
    eprintln!("webhooks: of new entries, for a destination that is down");
    let webhooks = bench.webhooks().await?;
    eprintln!("end to end: a webhook destination on this machine; then latency, urgent, kill -9");
    let plain = bench.end_to_end().await?;
    eprintln!("claiming from short queues");
    let mut shallow = Vec::new();
    for (size, name) in scale.shallow() {
        shallow.push((*name, bench.claim_us(*size).await?));
    }
    eprintln!("behind a long queue of bulk jobs: end to end, kill -9, urgent, claiming");
    let behind = bench.behind(scale.backlog()).await?;
    let ten_million = match scale {
        Scale::Full => Some(bench.behind_copies().await?),
        Scale::Quick | Scale::Usual => None,
    };
    Ok(Sheet {
        store: bench.store.name(),
        scale,
        floors,
        intake,
        webhooks,
        plain,
        behind,
        shallow,
        ten_million,
    })
}
