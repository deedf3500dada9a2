//! `slugline restore`: a backup becomes a data directory again.
//!
//! Ensures that nothing is restored over data that are there.

use std::path::PathBuf;

use clap::Args;
use slugline_store::sqlite;

use super::serve::DEFAULT_DATA;
use super::{Ended, Trouble};
use crate::output::Output;

/// Copies a backup to a data directory that holds no data yet.
///
/// Destinations may show what was published after the backup was made; publish that again, with
/// versions above those of the backup.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline restore /backups/2026-11-21\n  slugline restore /backups/2026-11-21 --data /var/lib/slugline"
)]
pub struct RestoreArgs {
    /// What `slugline backup` made
    #[arg(value_name = "COPY")]
    copy: PathBuf,
    /// Directory of the embedded store
    #[arg(long, value_name = "DIR", env = "SLUGLINE_DATA", default_value = DEFAULT_DATA)]
    data: PathBuf,
}

pub(super) fn run(args: &RestoreArgs, output: Output) -> Ended {
    let copied =
        sqlite::restore(&args.copy, &args.data).map_err(|why| Trouble::wrong(why.to_string()))?;
    Ok(super::backup::show(&copied, "Restored", output))
}
