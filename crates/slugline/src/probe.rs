//! The port of a connector that only asks whether its destination is there, and the way to a source.
//!
//! Ensures that a probe can send and read but remembers nothing: it has no job, no lease and no
//! store.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use slugline_core::failure::Failure;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::{BoxFuture, EffectKey, FileOp, FileReply, Port};
use slugline_core::reason::Reason;
use slugline_core::source::{Library, Wire};
use slugline_core::time::Timestamp;
use slugline_engine::ports::{Clock, Transport};

use crate::clock::SystemClock;
use crate::config::Destination;
use crate::transport::HttpTransport;

/// A probe's port.
pub struct ProbePort {
    transport: Arc<HttpTransport>,
    timeout: Duration,
}

impl ProbePort {
    /// A port with the destination's own timeout.
    #[must_use]
    pub fn new(transport: Arc<HttpTransport>, destination: &Destination) -> Self {
        let usual = destination.connector.capabilities().timeout;
        Self {
            transport,
            timeout: destination.timeout.unwrap_or(usual),
        }
    }
}

fn no_job<T: Send + 'static>() -> BoxFuture<'static, Result<T, Failure>> {
    let failure = Failure::new(
        Reason::Interrupted,
        "a probe has no job whose effects or media it could use",
    );
    Box::pin(std::future::ready(Err(failure)))
}

impl Port for ProbePort {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        request.timeout = Some(request.timeout.unwrap_or(self.timeout));
        self.transport.send(request)
    }

    fn file<'a>(
        &'a self,
        root: &'a str,
        operation: FileOp,
    ) -> BoxFuture<'a, Result<FileReply, SendError>> {
        self.transport.file(root, operation)
    }

    fn recall<'a>(&'a self, _: &'a EffectKey) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        no_job()
    }

    fn remember<'a>(&'a self, _: &'a EffectKey, _: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        no_job()
    }

    fn forget<'a>(&'a self, _: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        no_job()
    }

    fn hold<'a>(&'a self, _: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        no_job()
    }

    fn media<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Bytes, Failure>> {
        no_job()
    }

    fn note_unknown(&self) {}

    fn pause(&self, duration: Duration) -> BoxFuture<'_, ()> {
        SystemClock.sleep(duration)
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}

/// Longest time for one request to a source: as long as a server takes.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(30);

/// The way to a source.
pub struct ProbeWire(pub Arc<HttpTransport>);

impl Wire for ProbeWire {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        request.timeout.get_or_insert(SOURCE_TIMEOUT);
        self.0.send(request)
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}

/// Asks a source for the newest of each of its lists, as a poll does; how many entries there are in them.
pub async fn ask(library: &dyn Library, wire: &ProbeWire) -> Result<usize, Failure> {
    // Without a cursor a poll begins at now, and asks nothing.
    let beginning = library.since(None, wire).await?;
    let found = library.since(Some(&beginning.cursor), wire).await?;
    Ok(found.changes.len())
}
