//! A producer's client. Ensures that a request is sent again under the same key, with the same bytes, until it is decided,
//! whatever becomes of its connections; it knows how often it was sent, because only a repeat may be a duplicate.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use super::node::TOKEN;
use crate::wire::{self, Connection, Key};

/// A real client gives up on an answer; long beside a commit, short beside a frozen server.
const PATIENCE: Duration = Duration::from_secs(5);
/// Before a request is sent again. Impatient on purpose: it ignores `Retry-After`, which may be a minute.
const BEFORE_AGAIN: Duration = Duration::from_millis(40);

/// What all clients count together.
#[derive(Default)]
pub(super) struct Counters {
    /// Sendings that got no answer: a connection broke, or nobody listened, or time ran out.
    pub(super) unanswered: Cell<usize>,
    /// Answers that say "later": 429, 503, 507.
    pub(super) later: Cell<usize>,
    /// Repeats after no answer that turned out to have been stored the first time.
    pub(super) replayed: Cell<usize>,
}

/// Adds one.
pub(super) fn count(counter: &Cell<usize>) {
    counter.set(counter.get() + 1);
}

/// What of an answer or a problem document is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) publish_id: String,
    pub(super) version: u64,
    /// `ok`, `duplicate`, `stale_update_ignored`; a number in a problem document.
    pub(super) status: serde_json::Value,
    pub(super) code: String,
}

/// A request that was decided.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) status: u16,
    pub(super) answer: Answer,
    /// Whether an earlier sending got no answer, or one that does not know, so that it may have been stored.
    pub(super) doubtful: bool,
}

impl Decision {
    /// A 200 that says that the key was known.
    pub(super) fn is_duplicate(&self) -> bool {
        self.status == 200 && self.answer.status == "duplicate"
    }

    /// A 202, or the stored answer after sendings that got none.
    pub(super) fn is_accepted(&self) -> bool {
        self.status == 202 || self.doubtful && self.is_duplicate()
    }
}

/// One caller with one connection at a time.
pub(super) struct Client {
    doors: Vec<SocketAddr>,
    counters: Rc<Counters>,
    deadline: Instant,
    connection: Option<Connection>,
}

impl Client {
    /// A client of any of the doors that gives up at `deadline`.
    pub(super) fn new(doors: Vec<SocketAddr>, counters: Rc<Counters>, deadline: Instant) -> Self {
        Self {
            doors,
            counters,
            deadline,
            connection: None,
        }
    }

    /// Another caller of the same doors.
    pub(super) fn another(&self) -> Self {
        Self::new(self.doors.clone(), self.counters.clone(), self.deadline)
    }

    /// `POST /v1/publish` until it is decided.
    ///
    /// # Errors
    /// The deadline has passed.
    pub(super) async fn publish(&mut self, key: Key, body: &str) -> Result<Decision> {
        let request = wire::publish(key, body, TOKEN);
        let mut doubtful = false;
        loop {
            match timeout(PATIENCE, self.exchange(&request)).await {
                Ok(Ok((429 | 503 | 507, answer))) => {
                    // A store that was lost may have committed first; a threshold or a full disk refuses before.
                    doubtful |= answer.code == "unavailable";
                    count(&self.counters.later);
                }
                Ok(Ok((status, answer))) => {
                    return Ok(Decision {
                        status,
                        answer,
                        doubtful,
                    });
                }
                Ok(Err(_)) | Err(_) => {
                    doubtful = true;
                    count(&self.counters.unanswered);
                    self.connection = None;
                }
            }
            ensure!(Instant::now() < self.deadline, "{key:032x} is not decided");
            sleep(BEFORE_AGAIN).await;
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, Answer)> {
        let connection = match &mut self.connection {
            Some(open) => open,
            closed => {
                let door = self.doors[fastrand::usize(..self.doors.len())];
                closed.insert(Connection::open(door).await?)
            }
        };
        let answer = connection.exchange(request).await?;
        Ok((answer.status, serde_json::from_slice(answer.body)?))
    }
}
