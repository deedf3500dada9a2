//! Sealing the log.
//!
//! Ensures that a segment is kept only where the chain still ends as it did when the segment was
//! computed.

use std::time::Duration;

use rusqlite::{Connection, params};
use slugline_core::canonical::Fingerprint;
use slugline_core::time::Timestamp;

use super::column::Digest;
use super::fault::Done;
use super::statements::Statements;
use super::tx::Tx;
use crate::chain::{self, ENTRIES, Entry, Segment};
use crate::record::Record;

/// Where the chain ends: the last sealed entry and its segment's hash.
fn end(connection: &Connection) -> Done<(i64, Fingerprint)> {
    let sql = "SELECT last, hash FROM segment ORDER BY first DESC LIMIT 1";
    let found = connection.one(sql, [], |row| Ok((row.read(0)?, row.read(1)?)))?;
    Ok(found.unwrap_or(chain::START))
}

/// The segment that begins with this entry, or the next after it.
pub(crate) fn segment_from(connection: &Connection, first: i64) -> Done<Option<Segment>> {
    let sql = "SELECT first, last, hash, previous, erased FROM segment WHERE first >= ?1 ORDER BY first LIMIT 1";
    connection.one(sql, [first], |row| {
        Ok(Segment {
            first: row.read(0)?,
            last: row.read(1)?,
            hash: row.read(2)?,
            previous: row.read(3)?,
            erased: row.read(4)?,
        })
    })
}

/// The entries from `first` to `last`.
pub(crate) fn entries(connection: &Connection, first: i64, last: i64) -> Done<Vec<Entry>> {
    let sql =
        "SELECT seq, at, publish, text, digest FROM event WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq";
    connection.all(sql, [first, last], |row| {
        Ok(Entry {
            seq: row.read(0)?,
            at: row.read(1)?,
            publish: row.read(2)?,
            text: row.read(3)?,
            digest: row.read(4)?,
        })
    })
}

/// The next segment, if there is one.
pub(crate) fn next(
    connection: &Connection,
    now: Timestamp,
    max_age: Duration,
) -> Done<Option<Segment>> {
    let end = end(connection)?;
    let entries = entries(connection, end.0 + 1, end.0 + ENTRIES)?;
    Ok(chain::seal(end, &entries, now, max_age))
}

/// Keeps the segment, unless another pass was quicker.
pub(crate) fn keep(tx: &Tx<'_>, segment: &Segment) -> Done<bool> {
    let (sealed, previous) = end(tx)?;
    if (sealed + 1, previous) != (segment.first, segment.previous) {
        return Ok(false);
    }
    let sql =
        "INSERT INTO segment (first, last, hash, previous, sealed_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.run(
        sql,
        params![
            segment.first,
            segment.last,
            Digest(segment.hash),
            Digest(segment.previous),
            tx.now.0
        ],
    )?;
    Ok(true)
}
