//! What the stories need of an installation, whatever it stores in. A story knows no more of it than this.

use std::net::SocketAddr;

use anyhow::Result;

use super::node::Site;

/// One or more processes on one store.
pub(super) trait Installation: Sized {
    /// The store, as tallies name it.
    const STORE: &'static str;
    /// Addresses that it listens on, one a process.
    const DOORS: usize;

    /// Starts all of it on an empty store, at these addresses.
    async fn start(site: &Site, doors: &[SocketAddr]) -> Result<Self>;

    /// Kills a process with SIGKILL; which one is the dice's choice.
    async fn kill(&mut self, random: &mut fastrand::Rng) -> Result<()>;

    /// Starts what was killed, without waiting.
    async fn restart(&mut self) -> Result<()>;

    /// Waits until all of it serves.
    async fn ready(&mut self) -> Result<()>;

    /// Freezes the process behind the first door.
    fn freeze(&self);

    /// Lets it go on.
    fn thaw(&self);

    /// Checks the log of what is on disk, with or without processes beside it; what the check says.
    async fn verify_log(&mut self) -> Result<String>;

    /// Stops all of it as an operator does.
    async fn stop(&mut self) -> Result<()>;

    /// What its processes wrote last.
    fn log_tail(&self) -> String;
}
