//! How far each source was asked.
//!
//! Ensures that one node at a time asks a source, by the writer's clock.

use std::time::Duration;

use rusqlite::params;
use slugline_engine::store::Poll;

use super::fault::Done;
use super::statements::Statements;
use super::tx::Tx;

/// Takes the right to ask, if its time has come.
pub(crate) fn begin(tx: &Tx<'_>, source: &str, again_after: Duration) -> Done<Option<Poll>> {
    let sql = "INSERT INTO poll (source, due) VALUES (?1, ?2)
               ON CONFLICT (source) DO UPDATE SET due = excluded.due WHERE poll.due <= ?3 RETURNING cursor";
    let values = params![source, tx.now.plus(again_after).0, tx.now.0];
    tx.one(sql, values, |row| row.get(0).map(|cursor| Poll { cursor }))
}

/// Keeps where an asking ended.
pub(crate) fn end(tx: &Tx<'_>, source: &str, cursor: &str, next: Duration) -> Done<()> {
    let sql = "UPDATE poll SET cursor = ?2, due = ?3 WHERE source = ?1";
    tx.run(sql, params![source, cursor, tx.now.plus(next).0])?;
    Ok(())
}
