//! `slugline migrate`: a database's schema, and the way from a data directory into a database.
//!
//! Ensures that what was moved is counted and its log checked where it is now, before anybody serves
//! from it. May run while nodes work on the database, unless data are moved.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use slugline_core::secret::Secret;
use slugline_engine::ports::Clock;
use slugline_store::moving::{self, Moved};
use slugline_store::postgres;

use super::serve::configuration;
use super::{Ended, Trouble};
use crate::clock::SystemClock;
use crate::output::{BAD, GOOD, Output, columns};

/// Brings a PostgreSQL database to this version's schema; with --from, moves a data directory into it.
///
/// `serve` brings the schema up to date by itself, also while other nodes run; this is for where the
/// server's own role may not change it. A data directory is moved as a whole, log and media
/// included, into an empty database; its server must be stopped, and the directory is refused
/// afterwards. Exits with 1 when the moved log is not whole.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline migrate --database-url postgres://slugline@db.internal/slugline\n  slugline migrate --from ./slugline-data --database-url postgres://slugline@db.internal/slugline\n\nThe URL may also come from SLUGLINE_DATABASE_URL or from [store] url of the configuration."
)]
pub struct MigrateArgs {
    /// Configuration file; ./slugline.toml when it is there
    #[arg(long, value_name = "FILE", env = "SLUGLINE_CONFIG")]
    config: Option<PathBuf>,
    /// The database
    #[arg(
        long,
        value_name = "URL",
        env = "SLUGLINE_DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
    /// Data directory to move into the database
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

pub(super) async fn run(args: &MigrateArgs, output: Output) -> Ended {
    let url = url(args)?;
    match &args.from {
        Some(directory) => move_all(directory, &url, output).await,
        None => schema(&url, output).await,
    }
}

fn url(args: &MigrateArgs) -> Result<Secret, Trouble> {
    if let Some(url) = &args.database_url {
        return Ok(Secret::new(url));
    }
    let config = configuration(args.config.as_deref()).map_err(Trouble::wrong)?;
    let missing =
        "no database is named: give --database-url, or url in [store] of the configuration";
    config.store.url.ok_or_else(|| Trouble::wrong(missing))
}

async fn schema(url: &Secret, output: Output) -> Ended {
    let migrated = postgres::migrate(url.expose()).await;
    let migrated = migrated.map_err(|why| Trouble::wrong(why.to_string()))?;
    if output.is_json() {
        output.json(&json!({ "from": migrated.from, "to": migrated.to }));
        return Ok(true);
    }
    let done = output.paint(GOOD, "up to date");
    output.line(&match migrated.from {
        from if from == migrated.to => format!("The schema is {done}: version {from}"),
        from => format!(
            "The schema is {done}: from version {from} to {}",
            migrated.to
        ),
    });
    Ok(true)
}

async fn move_all(directory: &Path, url: &Secret, output: Output) -> Ended {
    let mut told = |table: &str, rows: u64| output.note(&format!("{table}: {rows}"));
    let now = SystemClock::new().now();
    let moved = moving::to_postgres(directory, url.expose(), now, &mut told).await;
    let moved = moved.map_err(|why| Trouble::wrong(why.to_string()))?;
    let whole = moved.log.faults.is_empty();
    if output.is_json() {
        let rows: serde_json::Map<_, _> = moved
            .rows
            .iter()
            .map(|(table, rows)| ((*table).to_owned(), json!(rows)))
            .collect();
        output.json(&json!({ "rows": rows, "log": moved.log }));
    } else {
        show(&moved, directory, output);
    }
    Ok(whole)
}

fn show(moved: &Moved, directory: &Path, output: Output) {
    let rows: Vec<Vec<String>> = moved
        .rows
        .iter()
        .map(|(table, rows)| vec![(*table).to_owned(), rows.to_string()])
        .collect();
    columns(&rows).iter().for_each(|line| output.line(line));
    let log = &moved.log;
    if log.faults.is_empty() {
        let whole = output.paint(GOOD, "the log is whole");
        output.line(&format!(
            "Moved; {whole}: {} entries, {} sealed segments",
            log.entries, log.segments
        ));
        output.note(&format!(
            "Serve it with --database-url. {} is refused from now on; keep it until you have a backup of the database.",
            directory.display()
        ));
    } else {
        output.line(&format!(
            "Moved; {}:",
            output.paint(BAD, "the log is damaged")
        ));
        log.faults
            .iter()
            .for_each(|fault| output.line(&format!("  {fault}")));
    }
}
