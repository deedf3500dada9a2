//! Sealing the log.
//!
//! Ensures that a segment is kept only where the chain still ends as it did when the segment was
//! computed: of two nodes that seal at once, one does.

use std::time::Duration;

use slugline_core::canonical::Fingerprint;
use slugline_core::time::Timestamp;
use tokio_postgres::Row;

use super::fault::Done;
use super::sequencer;
use super::session::Session;
use crate::chain::{self, ENTRIES, Entry, Segment};
use crate::record::Record;

/// Segments that one call seals: a backlog of a million entries takes ten calls.
const SEGMENTS: usize = 100;

/// The entries from `$1` to `$2`.
pub(crate) const SELECT_ENTRIES: &str = "SELECT g.first + e.place, e.at, e.publish, e.text, e.digest
    FROM event_group g JOIN event e ON e.event_group = g.id
    WHERE g.first BETWEEN coalesce((SELECT max(first) FROM event_group WHERE first <= $1), $1) AND $2
      AND g.first + e.place BETWEEN $1 AND $2 ORDER BY g.first, e.place";

/// The columns that [`segment`] reads.
pub(crate) const SELECT_SEGMENT: &str = "SELECT first, last, hash, previous, erased FROM segment";

/// Numbers what is new, then seals full segments, and the last when it is older than `max_age`; how
/// many.
pub(crate) async fn seal(session: &Session, now: Timestamp, max_age: Duration) -> Done<usize> {
    sequencer::number(session).await?;
    for sealed in 0..SEGMENTS {
        let end = end(session).await?;
        let rows = session
            .rows(SELECT_ENTRIES, &[&(end.0 + 1), &(end.0 + ENTRIES)])
            .await?;
        let entries = entries(&rows)?;
        match chain::seal(end, &entries, now, max_age) {
            Some(segment) if keep(session, &segment, now).await? => {}
            _ => return Ok(sealed),
        }
    }
    Ok(SEGMENTS)
}

/// Where the chain ends: the last sealed entry and its segment's hash.
async fn end(session: &Session) -> Done<(i64, Fingerprint)> {
    let sql = "SELECT last, hash FROM segment ORDER BY first DESC LIMIT 1";
    let found = session.one(sql, &[]).await?;
    let end = found
        .map(|row| Ok((row.read(0)?, row.read(1)?)))
        .transpose();
    end.map(|end: Option<_>| end.unwrap_or(chain::START))
}

/// Keeps the segment, unless another node was quicker.
async fn keep(session: &Session, segment: &Segment, now: Timestamp) -> Done<bool> {
    let sql =
        "INSERT INTO segment (first, last, sealed_at, hash, previous) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (first) DO NOTHING RETURNING first";
    let (hash, previous) = (&segment.hash.0[..], &segment.previous.0[..]);
    let kept = session
        .one(
            sql,
            &[&segment.first, &segment.last, &now.0, &hash, &previous],
        )
        .await?;
    Ok(kept.is_some())
}

/// Entries as [`SELECT_ENTRIES`] gives them.
pub(crate) fn entries(rows: &[Row]) -> Done<Vec<Entry>> {
    let entry = |row: &Row| {
        Ok(Entry {
            seq: row.read(0)?,
            at: row.read(1)?,
            publish: row.read(2)?,
            text: row.read(3)?,
            digest: row.read(4)?,
        })
    };
    rows.iter().map(entry).collect()
}

/// A segment as [`SELECT_SEGMENT`] gives it.
pub(crate) fn segment(row: &Row) -> Done<Segment> {
    Ok(Segment {
        first: row.read(0)?,
        last: row.read(1)?,
        hash: row.read(2)?,
        previous: row.read(3)?,
        erased: row.read(4)?,
    })
}
