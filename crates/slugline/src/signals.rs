//! The signals by which a process is asked to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from when it is made, so that none is missed.
pub struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    /// Listens.
    ///
    /// # Errors
    /// The system does not let it.
    pub fn listen() -> Result<Self, String> {
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Resolves when the process is asked to end: by its supervisor, or by somebody who presses Ctrl-C.
    pub async fn asked(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}

/// Listens for a signal.
///
/// # Errors
/// The system does not let it.
pub fn listen(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|why| format!("cannot listen for signals: {why}"))
}
