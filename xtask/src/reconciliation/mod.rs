//! The suite of reconciliation: a thousand posts in a real WordPress beside those of people, of which some are deleted,
//! altered and brought back by hand. Ensures that it passes only if exactly those are found, each for what it is, what is
//! missing comes back, and everything that people wrote or did stays as they left it.

mod stage;
mod story;

use std::path::PathBuf;

use anyhow::Result;

use crate::parts::interruption::unless_interrupted;

/// Runs the story with this binary. The parts it needs (`parts::WORDPRESS`, `PHP`, `MARIADB`) must be there.
///
/// # Errors
/// When something else is found or done than must be, a server does not start, or somebody interrupts it.
pub(crate) fn run(binary: PathBuf) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(unless_interrupted(story::tell(binary)))
}
