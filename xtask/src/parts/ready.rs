//! Waiting for a server. Ensures that a wait ends by a deadline, and that its failure says what was waited for,
//! what the last look saw, and what the server wrote last.

use std::fmt::Display;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

use super::process::Process;

/// Between two looks: short against a server's start (0.3 s and more), long against the cost of a look.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Looks until `look` succeeds and returns what it saw.
///
/// # Errors
/// When the server ends, or `within` passes: the last look's error and the tail of the server's log.
pub(crate) async fn until_ready<T, E: Display>(
    process: &mut Process,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        let failure = match look().await {
            Ok(seen) => return Ok(seen),
            Err(failure) => failure,
        };
        if let Some(status) = process.ended() {
            bail!(
                "{} ended with {status} before it was ready; {}",
                process.name(),
                process.log_tail()
            );
        }
        if Instant::now() > deadline {
            bail!(
                "{} is not ready after {within:?}: {failure}; {}",
                process.name(),
                process.log_tail()
            );
        }
        sleep(BETWEEN_LOOKS).await;
    }
}
