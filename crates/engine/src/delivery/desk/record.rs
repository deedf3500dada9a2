//! What a run sent last, for a person to read if it fails.
//!
//! Ensures that a run holds on to a few exchanges and to no large body, and that nothing is written out of one that
//! ends well.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use slugline_core::exchange::{EXCERPT, Exchange, Sent};
use slugline_core::http::{Request, Response, SendError};
use slugline_core::time::Timestamp;

/// Exchanges of a run that are kept, the last ones: the one that failed, and the way there.
const KEPT: usize = 4;
/// Bytes of a body that is held on to as it is; of a longer one its beginning is copied.
const HELD: usize = 16 * 1024;
/// Bytes of the copy: room for what is blotted out before it is cut.
const BEGINNING: usize = 2 * EXCERPT;

/// The last exchanges of a run.
#[derive(Default)]
pub(super) struct Record(Mutex<VecDeque<Sent>>);

impl Record {
    /// Takes down what is about to be sent.
    pub(super) fn begin(request: &Request) -> (Request, usize) {
        let mut kept = request.clone();
        kept.body = short(&request.body);
        (kept, request.body.len())
    }

    /// Adds what came of it.
    pub(super) fn end(
        &self,
        (request, request_bytes): (Request, usize),
        at: Timestamp,
        took: Duration,
        outcome: &Result<Response, SendError>,
    ) {
        let response_bytes = outcome.as_ref().map_or(0, |answer| answer.body.len());
        let outcome = outcome.as_ref().map(|answer| Response {
            status: answer.status,
            headers: answer.headers.clone(),
            body: short(&answer.body),
        });
        let sent = Sent {
            at,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            request,
            request_bytes,
            response_bytes,
            outcome: outcome.map_err(Clone::clone),
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(sent);
    }

    /// What a person may read of them, oldest first.
    pub(super) fn describe(&self) -> Vec<Exchange> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(Sent::describe).collect()
    }
}

fn short(body: &Bytes) -> Bytes {
    match body.len() > HELD {
        true => Bytes::copy_from_slice(&body[..BEGINNING]),
        false => body.clone(),
    }
}
