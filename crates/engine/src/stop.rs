//! The request to stop, seen by all loops.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

/// Tells loops to stop; cloned freely.
#[derive(Clone)]
pub struct Stop {
    sender: Arc<Mutex<Option<futures_channel::oneshot::Sender<()>>>>,
    requested: Shared<BoxFuture<'static, ()>>,
}

impl Default for Stop {
    fn default() -> Self {
        let (sender, receiver) = futures_channel::oneshot::channel::<()>();
        let requested = receiver.map(|_| ()).boxed().shared();
        Self {
            sender: Arc::new(Mutex::new(Some(sender))),
            requested,
        }
    }
}

impl Stop {
    /// Asks all loops to stop.
    pub fn request(&self) {
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(sender) = sender {
            // Nobody listening any more means that everything has stopped.
            let _ = sender.send(());
        }
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested.clone().now_or_never().is_some()
    }

    /// Resolves when a stop is asked for.
    pub async fn requested(&self) {
        self.requested.clone().await;
    }
}
