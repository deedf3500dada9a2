//! The suite of our WordPress plugin: a real WordPress with the plugin switched on, and a receiver that refuses, hangs up
//! or is not there. Ensures that it passes only if every change that must be told was told, once as a message and under
//! one id, with a genuine signature, and that the outbox has nothing that did not arrive. Nothing of Slugline runs here:
//! what the server makes of the messages is tested with the server.

mod inbox;
mod persons;
mod receiver;
mod settings_page;
mod stories;
mod theatre;
mod trouble;

use anyhow::Result;

use crate::parts::interruption::unless_interrupted;
use theatre::Theatre;

/// Runs every story. The parts it needs (`parts::WORDPRESS`, `PHP`, `MARIADB`) must be there.
///
/// # Errors
/// When a story ends otherwise than it must, a server does not start, or somebody interrupts it.
pub(crate) fn run() -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(unless_interrupted(tell()))
}

/// The scheduled post is the first to be made and the last to be looked at: its minute passes during the others.
async fn tell() -> Result<()> {
    let theatre = Theatre::open().await?;
    let scheduled = stories::schedule(&theatre).await?;
    stories::tell(&theatre).await?;
    trouble::tell(&theatre).await?;
    settings_page::tell(&theatre).await?;
    stories::goes_live(&theatre, scheduled).await?;
    theatre.close().await
}
