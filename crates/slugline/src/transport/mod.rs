//! The real transport: requests over TCP and TLS, files on disk.
//!
//! Ensures, once for all connectors, that each request has a timeout over its whole length, that
//! bodies are capped while they are read, that addresses pass the guard at every hop, and that a
//! failure says whether the request may have been received. Does not retry and does not judge
//! answers.

mod client;
mod failure;
mod files;
mod guard;
mod in_time;
mod redirect;
mod resolver;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::{BoxFuture, FileOp, FileReply};
use slugline_engine::ports::Transport;

pub use self::guard::Guard;

use self::client::Client;

/// For a request that does not say; the engine always does.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The network and the disk.
#[derive(Clone)]
pub struct HttpTransport {
    client: Client,
    guard: Arc<Guard>,
}

impl HttpTransport {
    /// A transport with its own pool of connections.
    #[must_use]
    pub fn new(guard: Guard) -> Self {
        let guard = Arc::new(guard);
        let client = Client::new(Arc::clone(&guard));
        Self { client, guard }
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        Box::pin(redirect::follow(&self.client, &self.guard, request))
    }

    fn file<'a>(
        &'a self,
        root: &'a str,
        operation: FileOp,
    ) -> BoxFuture<'a, Result<FileReply, SendError>> {
        Box::pin(files::run(root, operation))
    }
}
