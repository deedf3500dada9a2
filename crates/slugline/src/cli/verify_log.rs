//! `slugline verify-log`: is the log whole?
//!
//! Ensures that a fault ends with 1. Reads only, also beside a running server.

use std::path::PathBuf;

use clap::Args;
use slugline_store::{postgres, sqlite};

use super::serve::DEFAULT_DATA;
use super::{Ended, Trouble};
use crate::output::{BAD, GOOD, Output};

/// Checks the hash chain of the log: nothing missing, nothing changed.
///
/// Exits with 0 when the log is whole and 1 when it is not.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline verify-log\n  slugline verify-log --data /var/lib/slugline --json\n  slugline verify-log --database-url postgres://slugline@db.internal/slugline\n\nWorks while servers run on the same data."
)]
pub struct VerifyLogArgs {
    /// Directory of the embedded store
    #[arg(long, value_name = "DIR", env = "SLUGLINE_DATA", default_value = DEFAULT_DATA)]
    data: PathBuf,
    /// PostgreSQL instead of the directory
    #[arg(
        long,
        value_name = "URL",
        env = "SLUGLINE_DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
}

pub(super) async fn run(args: &VerifyLogArgs, output: Output) -> Ended {
    let check = match &args.database_url {
        Some(url) => postgres::verify_log(url)
            .await
            .map_err(|why| why.to_string()),
        None => sqlite::verify_log(&args.data).map_err(|why| why.to_string()),
    };
    let check = check.map_err(Trouble::wrong)?;
    let whole = check.faults.is_empty();
    if output.is_json() {
        output.json(&check);
        return Ok(whole);
    }
    let counted = format!(
        "{} entries, {} sealed segments, {} entries not sealed yet",
        check.entries, check.segments, check.unsealed
    );
    if whole {
        output.line(&format!(
            "{}: {counted}",
            output.paint(GOOD, "The log is whole")
        ));
    } else {
        output.line(&format!(
            "{}: {counted}",
            output.paint(BAD, "The log is damaged")
        ));
        check
            .faults
            .iter()
            .for_each(|fault| output.line(&format!("  {fault}")));
        output.note("Keep the data as they are, and compare it with a backup.");
    }
    Ok(whole)
}
