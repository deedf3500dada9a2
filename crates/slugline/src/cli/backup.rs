//! `slugline backup`: a copy of a data directory, also beside a running server.
//!
//! Ensures that a damaged log ends with 1. A PostgreSQL database is backed up with its own tools.

use std::path::PathBuf;

use clap::Args;
use slugline_store::sqlite::{self, Copied};

use super::serve::DEFAULT_DATA;
use super::{Ended, Trouble};
use crate::output::{BAD, GOOD, Output};

/// Copies the data directory, log and media included, as it is at one moment.
///
/// Works while a server runs on the directory. The copy is a data directory: `slugline verify-log
/// --data COPY` checks it, `slugline restore` brings it back. A PostgreSQL database is backed up with
/// pg_dump or with what your provider has.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline backup /backups/2026-11-21\n  slugline backup --data /var/lib/slugline \"/backups/$(date +%F)\" --json"
)]
pub struct BackupArgs {
    /// Where the copy goes; must not be there yet
    #[arg(value_name = "COPY")]
    copy: PathBuf,
    /// Directory of the embedded store
    #[arg(long, value_name = "DIR", env = "SLUGLINE_DATA", default_value = DEFAULT_DATA)]
    data: PathBuf,
}

pub(super) fn run(args: &BackupArgs, output: Output) -> Ended {
    let copied =
        sqlite::backup(&args.data, &args.copy).map_err(|why| Trouble::wrong(why.to_string()))?;
    Ok(show(&copied, "Copied", output))
}

/// Says what was copied, and whether its log is whole.
pub(super) fn show(copied: &Copied, done: &str, output: Output) -> bool {
    let whole = copied.log.faults.is_empty();
    let Copied {
        database,
        media,
        log,
    } = copied;
    if output.is_json() {
        output.json(&serde_json::json!({ "database_bytes": database, "media": media, "log": log }));
        return whole;
    }
    let said = match whole {
        true => output.paint(GOOD, "its log is whole"),
        false => output.paint(BAD, "its log is damaged"),
    };
    output.line(&format!(
        "{done}: {database} bytes, {media} media, {} log entries; {said}",
        log.entries
    ));
    log.faults
        .iter()
        .for_each(|fault| output.line(&format!("  {fault}")));
    whole
}
