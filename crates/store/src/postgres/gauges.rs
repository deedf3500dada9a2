//! What the store's tasks and those who watch it share.
//!
//! Ensures that nothing in memory is ahead of the database: what a transaction did is counted once it
//! is committed.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::nudge::Nudge;

/// What a committed transaction changed outside the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effected {
    /// Jobs that became open, less those that ended.
    pub(crate) opened: i64,
    /// Whether jobs may have become due, or lanes free.
    pub(crate) nudge: bool,
}

/// Counts and hints.
#[derive(Default)]
pub(crate) struct Gauges {
    /// Jobs that are not final: as last counted, and what this node did since.
    pub(crate) open_jobs: AtomicI64,
    /// Orders that wait for their transaction.
    pub(crate) waiting: AtomicUsize,
    /// Transactions of the lines committed.
    pub(crate) commits: AtomicUsize,
    /// The hint that jobs may be due.
    pub(crate) nudge: Nudge,
    /// The hint that other nodes are to be nudged too.
    pub(crate) tell: Notify,
}

impl Gauges {
    /// Counts what a committed transaction did.
    pub(crate) fn apply(&self, effected: Effected) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.open_jobs.fetch_add(effected.opened, Ordering::Relaxed);
        if effected.nudge {
            self.nudge.give();
            self.tell.notify_one();
        }
    }
}
