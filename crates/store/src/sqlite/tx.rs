//! One transaction of the writer, as the operations see it.
//!
//! Ensures that what a group of orders shares (its time, the next place in the log, what it did to
//! the number of open jobs) lives and dies with the transaction, so that nothing in memory can be
//! ahead of the file.

use std::cell::Cell;
use std::ops::Deref;

use rusqlite::Connection;
use slugline_core::time::Timestamp;

use super::fault::Done;
use super::statements::Statements;

/// An open transaction.
pub(crate) struct Tx<'c> {
    connection: &'c Connection,
    /// The store's time for all that happens in it.
    pub(crate) now: Timestamp,
    next_seq: Cell<i64>,
    opened: Cell<i64>,
    nudge: Cell<bool>,
}

/// What a committed transaction changed outside the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effected {
    /// Jobs that became open, less those that ended.
    pub(crate) opened: i64,
    /// Whether jobs may have become due, or lanes free.
    pub(crate) nudge: bool,
}

impl<'c> Tx<'c> {
    /// Looks up where the log ends; the transaction must be open.
    pub(crate) fn begun(connection: &'c Connection, now: Timestamp) -> Done<Self> {
        // Erased segments have no entries left, and their numbers are not given out again.
        let sql = "SELECT 1 + max((SELECT coalesce(max(seq), 0) FROM event), (SELECT coalesce(max(last), 0) FROM segment))";
        let next_seq = connection.one(sql, [], |row| row.get(0))?.unwrap_or(1);
        Ok(Self {
            connection,
            now,
            next_seq: Cell::new(next_seq),
            opened: Cell::new(0),
            nudge: Cell::new(false),
        })
    }

    /// Takes the next place in the log.
    pub(crate) fn take_seq(&self) -> i64 {
        self.next_seq.replace(self.next_seq.get() + 1)
    }

    /// Notes that open jobs appeared (positive) or ended (negative).
    pub(crate) fn count_open(&self, jobs: i64) {
        self.opened.set(self.opened.get() + jobs);
    }

    /// Notes that jobs may have become due, or lanes free.
    pub(crate) fn nudge(&self) {
        self.nudge.set(true);
    }

    /// What it changed outside the file, to be applied once it is committed.
    pub(crate) fn effected(&self) -> Effected {
        Effected {
            opened: self.opened.get(),
            nudge: self.nudge.get(),
        }
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}
