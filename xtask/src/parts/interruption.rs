//! Somebody's wish that a suite should end. Without listening for it, an interrupt would end the process before its
//! servers are stopped; so a suite is dropped instead, and what it has started ends as its values do.

use std::future::Future;

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Runs a suite to its end, or until somebody interrupts it.
///
/// # Errors
/// Those of the suite; or somebody interrupted it.
pub(crate) async fn unless_interrupted<T>(suite: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        ended = suite => ended,
        signal = interruption() => bail!("interrupted by {}", signal?),
    }
}

/// Resolves with the signal's name when there is one.
async fn interruption() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| "ctrl-c").map_err(Into::into),
        _ = terminate.recv() => Ok("SIGTERM"),
    }
}
