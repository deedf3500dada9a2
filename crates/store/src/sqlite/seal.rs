//! Sealing the log.
//!
//! Ensures that segments follow each other without gaps, each with the hash of the one before, so
//! that a changed, lost or added entry is found.

use std::time::Duration;

use rusqlite::{Connection, params};
use slugline_core::canonical::Fingerprint;
use slugline_core::event::{CHAIN_START, Seal};
use slugline_core::time::Timestamp;

use super::column::Digest;
use super::destinations::micros;
use super::fault::Done;
use super::statements::Statements;
use super::tx::Tx;

/// Entries of a full segment: what a proof of one entry has to read.
pub(crate) const ENTRIES: i64 = 1_000;

/// A segment whose hash was computed and that is not kept yet.
pub(crate) struct Segment {
    first: i64,
    last: i64,
    hash: Fingerprint,
    previous: Fingerprint,
}

/// Where the chain ends: the last sealed entry and its segment's hash.
fn end(connection: &Connection) -> Done<(i64, Fingerprint)> {
    let sql = "SELECT last, hash FROM segment ORDER BY first DESC LIMIT 1";
    let found = connection.one(sql, [], |row| Ok((row.get(0)?, row.get::<_, Digest>(1)?.0)))?;
    Ok(found.unwrap_or((0, CHAIN_START)))
}

/// The next segment, if there is one: a full one, or what there is when its first entry is older
/// than `max_age`.
pub(crate) fn next(
    connection: &Connection,
    now: Timestamp,
    max_age: Duration,
) -> Done<Option<Segment>> {
    let (sealed, previous) = end(connection)?;
    let first = sealed + 1;
    let sql = "SELECT seq, at, text FROM event WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq";
    let entries = connection.all(sql, [first, sealed + ENTRIES], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, String>(2)?,
        ))
    })?;
    let Some((_, began, _)) = entries.first() else {
        return Ok(None);
    };
    let full = entries.len() == usize::try_from(ENTRIES).unwrap_or(usize::MAX);
    if !full && *began > now.0.saturating_sub(micros(max_age)) {
        return Ok(None);
    }
    let mut seal = Seal::after(previous);
    entries
        .iter()
        .for_each(|(seq, _, text)| seal.add(*seq, text));
    let last = entries.last().map_or(sealed, |(seq, ..)| *seq);
    Ok(Some(Segment {
        first,
        last,
        hash: seal.finish(),
        previous,
    }))
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
