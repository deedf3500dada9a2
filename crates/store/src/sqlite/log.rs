//! Writing the log.
//!
//! Ensures that every change of state has an entry in the same transaction, numbered in the order of
//! commits without gaps (P8). Sealing is in `seal`, checking in `verify`.

use rusqlite::params;
use slugline_core::time::Timestamp;

use super::fault::Done;
use super::statements::Statements;
use super::tx::Tx;
pub(crate) use crate::entry::Entry;
use crate::entry::{Dated, Written};

impl Dated for Tx<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }
}

impl Entry<'_> {
    /// Writes it.
    pub(crate) fn write(self, tx: &Tx<'_>) -> Done<()> {
        write(tx, self.finish())
    }
}

/// Writes an entry that is finished.
pub(crate) fn write(tx: &Tx<'_>, entry: Written) -> Done<()> {
    let sql = "INSERT INTO event (seq, at, item, publish, request_id, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.run(
        sql,
        params![
            tx.take_seq(),
            entry.at.0,
            entry.item,
            entry.publish.map(|publish| publish.0),
            entry.request_id,
            entry.text
        ],
    )?;
    Ok(())
}
