//! `cargo xtask bench`: the release binary measured from outside against floors that use no product code, all in one
//! run on one machine, load and sink included. Figures of different runs do not compare; their ratios do.

mod echo;
mod exchange_and_commit;
mod figure;
mod floors;
mod group_commit;
mod live;
mod load;
mod open_loop;
mod percentile;
mod product;
mod records;
mod requests;
mod server;
mod sink;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::LocalSet;

use crate::parts::process;
use crate::run;
use figure::{Better, Figure};
use floors::Floors;
use product::{Bench, EndToEnd};

/// What `cargo xtask bench` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Short measurements, about 40 s in all: they show that it works and roughly how fast
    #[arg(long)]
    quick: bool,
    /// Print the figures as one line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl Options {
    /// `--quick` and nothing else.
    pub(crate) fn quick() -> Self {
        Self {
            quick: true,
            json: false,
        }
    }

    /// Length of one measurement.
    fn span(&self) -> Duration {
        Duration::from_secs(if self.quick { 3 } else { 15 })
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

fn run_released(options: &Options) -> Result<bool> {
    let built = run::cargo(&[
        "build",
        "--release",
        "--quiet",
        "--package",
        "slugline",
        "--package",
        "xtask",
    ])
    .status()?;
    anyhow::ensure!(
        built.success(),
        "the release build failed; the compiler's messages are above"
    );
    let mut released = std::process::Command::new(run::target().join("release/xtask"));
    released
        .arg("bench")
        .args(options.quick.then_some("--quick"))
        .args(options.json.then_some("--json"));
    Ok(released
        .status()
        .context("cannot start the release build of xtask")?
        .success())
}

fn measure_and_print(options: &Options) -> Result<bool> {
    let figures = measure(options.span())?;
    match options.json {
        true => println!("{}", figure::json(&figures)?),
        false => print!("\n{}", figure::table(&figures)),
    }
    Ok(true)
}

/// Load, sink and HTTP floor's callers share one thread, so that the product has the other core.
fn measure(span: Duration) -> Result<Vec<Figure>> {
    let work = emptied_folder()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let figures = LocalSet::new().block_on(&runtime, measure_all(&work, span))?;
    std::fs::remove_dir_all(&work)?;
    Ok(figures)
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

async fn measure_all(work: &Path, span: Duration) -> Result<Vec<Figure>> {
    let floors = Floors::measure(work, span).await?;
    let binary = run::target().join("release/slugline");
    let bench = Bench {
        binary: &binary,
        work,
        span,
    };
    eprintln!("intake: publishes scheduled for the far future, so that no delivery runs beside it");
    let intake = bench.intake().await?;
    eprintln!("end to end: a webhook destination on this machine");
    let plain = bench.end_to_end().await?;
    eprintln!(
        "backlog: {} bulk jobs queued for a destination that is down, then end to end",
        product::BACKLOG_SIZE
    );
    let behind = bench.behind_backlog().await?;
    Ok(figures(&floors, intake, &plain, behind))
}

fn figures(floors: &Floors, intake: f64, plain: &EndToEnd, behind: f64) -> Vec<Figure> {
    let latency = |name, share| {
        let (value, floor) = (
            plain.latency.milliseconds(share),
            floors.latency.milliseconds(share),
        );
        Figure::against(name, value, "ms", floor, Better::Less)
    };
    vec![
        Figure::against("intake", intake, "publish/s", floors.intake(), Better::More),
        Figure::against(
            "end_to_end",
            plain.per_second,
            "publish/s",
            floors.records,
            Better::More,
        ),
        latency("latency_p50", 0.5),
        latency("latency_p99", 0.99),
        Figure::against(
            "backlog_100k",
            behind,
            "publish/s",
            plain.per_second,
            Better::More,
        ),
        Figure::alone("rss_idle", plain.idle_mib, "MiB"),
        Figure::alone("rss_busy", plain.busy_mib, "MiB"),
    ]
}
