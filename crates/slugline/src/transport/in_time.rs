//! A request's body that does not leave late.
//!
//! Ensures that a process which stood still after it had looked at its lease, or a machine that slept, does not send the
//! request when it goes on: another node may have the lane by then, and newer content may be shown. Head and body leave
//! together, so nothing is sent. A request without a body is not stopped, nor what the kernel has taken already.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use slugline_engine::ports::Clock;

use crate::clock::SystemClock;

/// The time for the request was over before its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Late;

impl std::fmt::Display for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("its time was over before it was sent")
    }
}

impl std::error::Error for Late {}

/// Bytes that leave as one, until a moment of the clock that counts while the machine sleeps.
#[derive(Debug)]
pub(super) struct InTime {
    bytes: Bytes,
    until: Duration,
}

impl InTime {
    /// These bytes, until `until` of [`Clock::monotonic`].
    pub(super) fn new(bytes: Bytes, until: Duration) -> Self {
        Self { bytes, until }
    }
}

impl Body for InTime {
    type Data = Bytes;
    type Error = Late;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Late>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        if SystemClock.monotonic() >= self.until {
            return Poll::Ready(Some(Err(Late)));
        }
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
