//! Real CMSs send real webhooks to the real server, over a network that repeats, delays, reorders and, in the second act,
//! loses them, while the server is killed. Ensures that it passes only if what is live in the end is exactly what each CMS
//! shows, every webhook was dealt with, what none told of was found by asking, and the log is whole.

mod api;
mod cms;
mod configuration;
mod delivery;
mod directus;
mod echo;
mod ghost;
mod plan;
mod report;
mod scenario;
mod site;
mod strapi;
mod wordpress;

use std::path::PathBuf;

use anyhow::Result;

pub(crate) use report::Report;

use crate::parts::interruption::unless_interrupted;

/// What the test is run with.
#[derive(Debug)]
pub(crate) struct Options {
    /// Five times the entries.
    pub(crate) long: bool,
    /// The binary under test.
    pub(crate) binary: PathBuf,
    /// Repeats the deeds, the order and the dice of the network; drawn when absent.
    pub(crate) seed: Option<u64>,
}

/// Runs the whole test. The parts it needs must be there.
///
/// # Errors
/// When it could not be run to its end: a server did not start, a CMS refused a deed, or somebody interrupted it. What is
/// live and must not be, or the other way round, is not an error but in the report.
pub(crate) fn run(options: &Options) -> Result<Report> {
    tokio::runtime::Runtime::new()?.block_on(unless_interrupted(scenario::run(options)))
}
