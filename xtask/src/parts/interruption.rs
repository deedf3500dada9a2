//! Somebody's wish that a suite should end. Without listening for it, an interrupt would end the process before its
//! servers are stopped; a suite selects on it, and what it has started ends as its values are dropped.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

/// Resolves with the signal's name when there is one.
///
/// # Errors
/// When signals cannot be listened for.
pub(crate) async fn interruption() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| "ctrl-c").map_err(Into::into),
        _ = terminate.recv() => Ok("SIGTERM"),
    }
}
