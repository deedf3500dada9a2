//! Who is signed in to the console, by hashes.

use rusqlite::{Connection, params};
use slugline_core::time::Timestamp;
use slugline_engine::store::{IDLE, LONGEST, SessionRecord};

use super::fault::Done;
use super::statements::Statements;
use super::tx::Tx;
use crate::views::sessions::{self as views, SELECT};

/// Begins one; forgets those that have ended.
pub(crate) fn begin(tx: &Tx<'_>, hash: &str, token: &str) -> Done<()> {
    let sql = "DELETE FROM session WHERE seen_at <= ?1 OR began_at <= ?2";
    tx.run(sql, params![tx.now.minus(IDLE).0, tx.now.minus(LONGEST).0])?;
    let sql =
        "INSERT OR IGNORE INTO session (hash, token, began_at, seen_at) VALUES (?1, ?2, ?3, ?3)";
    tx.run(sql, params![hash, token, tx.now.0])?;
    Ok(())
}

/// One that has not ended.
pub(crate) fn one(
    connection: &Connection,
    hash: &str,
    now: Timestamp,
) -> Done<Option<SessionRecord>> {
    let values = params![hash, now.minus(IDLE).0, now.minus(LONGEST).0];
    connection.one(SELECT, values, |row| views::read(row))
}

/// It is used now.
pub(crate) fn used(tx: &Tx<'_>, hash: &str) -> Done<()> {
    let sql = "UPDATE session SET seen_at = ?2 WHERE hash = ?1";
    tx.run(sql, params![hash, tx.now.0])?;
    Ok(())
}

/// Ends one.
pub(crate) fn end(tx: &Tx<'_>, hash: &str) -> Done<()> {
    tx.run("DELETE FROM session WHERE hash = ?1", [hash])?;
    Ok(())
}
