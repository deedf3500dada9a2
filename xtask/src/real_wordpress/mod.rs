//! The real-WordPress test: a real server with a fault proxy before it, the real binary killed again and again,
//! two hundred stories told to it, a page broken and rolled back in one click, and then WordPress is asked what it has.
//! Ensures that it passes only if every kind of request has met every fault that makes sense, and WordPress holds
//! and shows exactly what the plan says. Everything it starts ends with it, also when it is interrupted.

mod check;
mod client;
mod configuration;
mod content;
mod people;
mod plan;
mod proxy;
mod public;
mod report;
mod rollback;
mod scenario;
mod site;
mod stories;

use std::path::PathBuf;

use anyhow::Result;

pub(crate) use report::Report;

use crate::parts::interruption::unless_interrupted;

/// What the test is run with.
#[derive(Debug)]
pub(crate) struct Options {
    /// Five times the posts and kills.
    pub(crate) long: bool,
    /// The binary under test.
    pub(crate) binary: PathBuf,
    /// Repeats the order, the faults' dice and the moments of the kills; drawn when absent.
    pub(crate) seed: Option<u64>,
}

/// Runs the whole test. The parts it needs (`parts::WORDPRESS`, `PHP`, `MARIADB`) must be there.
///
/// # Errors
/// When it could not be run to its end: a server did not start, an answer was not allowed, a deadline passed, or
/// somebody interrupted it. What WordPress has wrong is not an error but in the report.
pub(crate) fn run(options: &Options) -> Result<Report> {
    tokio::runtime::Runtime::new()?.block_on(unless_interrupted(scenario::run(options)))
}
