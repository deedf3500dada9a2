//! The log as the API shows it.
//!
//! Ensures that a reader that follows by cursor misses nothing: one writer numbers the entries, so
//! what is visible has all that came before.

use rusqlite::{Connection, Row};
use slugline_core::event::LogEntry;
use slugline_engine::store::{EventFilter, Page, Paged};

use super::{Where, paged, rows};
use crate::sqlite::column::Json;
use crate::sqlite::fault::Done;
use crate::sqlite::statements::Statements;

/// Entries of an item: those of its publishes, and its own.
const OF_CONTENT: &str = "e.seq IN (
    SELECT x.seq FROM item i JOIN publish p ON p.item = i.id JOIN event x ON x.publish = p.id WHERE i.content_id = ?
    UNION ALL
    SELECT x.seq FROM item i JOIN event x ON x.item = i.id AND x.publish IS NULL WHERE i.content_id = ?)";

/// Entries of a request: those of its publishes, or its own when it became none.
const OF_REQUEST: &str = "e.seq IN (
    SELECT x.seq FROM publish p JOIN event x ON x.publish = p.id WHERE p.request_id = ?
    UNION ALL
    SELECT x.seq FROM event x WHERE x.request_id = ?)";

/// Entries after the cursor, oldest first; the cursor is an entry's place.
pub(crate) fn list(
    connection: &Connection,
    filter: &EventFilter,
    page: &Page,
) -> Done<Paged<LogEntry>> {
    let mut wanted = Where::default();
    wanted.and("e.seq > ?", page.cursor.unwrap_or(0));
    wanted.and_twice(OF_CONTENT, filter.content_id.as_ref());
    wanted.and_twice(OF_REQUEST, filter.request_id.as_ref());
    wanted.and_some(
        "(SELECT owner FROM item WHERE id = e.item) = ?",
        filter.owner.clone(),
    );
    wanted.and_some("json_extract(e.text, '$.type') = ?", filter.kind.clone());
    wanted.and_some("json_extract(e.text, '$.actor') = ?", filter.actor.clone());
    let sql = format!(
        "SELECT e.seq, e.text FROM event e {} ORDER BY e.seq LIMIT {}",
        wanted.clause(),
        rows(page)
    );
    let found = connection.all(&sql, wanted.values(), read)?;
    Ok(paged(found, page, |entry| entry.seq))
}

fn read(row: &Row<'_>) -> rusqlite::Result<LogEntry> {
    Ok(LogEntry {
        seq: row.get(0)?,
        ..row.get::<_, Json<LogEntry>>(1)?.0
    })
}
