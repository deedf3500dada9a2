//! The ports besides the store: the network, the clock, the dice.

use std::time::Duration;

use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::{BoxFuture, FileOp, FileReply};
use slugline_core::time::Timestamp;

/// Sends requests and works on files. Applies the address guard, caps bodies while reading, never
/// follows a redirect of a write, and enforces the timeout.
pub trait Transport: Send + Sync {
    /// Sends a request and waits for the whole answer, at most `request.timeout` (always set here).
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>>;

    /// Works on files below `root`; refuses paths that leave it.
    fn file<'a>(
        &'a self,
        root: &'a str,
        operation: FileOp,
    ) -> BoxFuture<'a, Result<FileReply, SendError>>;
}

/// A node's clock.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment; never goes back and counts while the machine is suspended, so
    /// that a lease cannot outlive it.
    fn monotonic(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// The dice.
pub trait Entropy: Send + Sync {
    /// Uniform in [0, 1).
    fn unit(&self) -> f64;
}
