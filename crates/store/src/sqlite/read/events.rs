//! The log as the API shows it.
//!
//! Ensures that a reader that follows by cursor misses nothing: one writer numbers the entries, so
//! what is visible has all that came before.

use rusqlite::{Connection, Row, params, params_from_iter};
use serde_json::json;
use slugline_core::event::LogEntry;
use slugline_engine::store::{EventFilter, Page, Paged};

use super::listed;
use crate::sqlite::column::Json;
use crate::sqlite::fault::Done;
use crate::sqlite::names::Names;
use crate::sqlite::statements::Statements;
use crate::sqlite::{items, publishes};
use crate::views::list::{Where, paged, rows};

/// Entries of an item: those of its publishes, and its own.
const OF_ITEMS: &str = "e.seq IN (
    SELECT x.seq FROM json_each(?) i JOIN publish p ON p.item = i.value JOIN event x ON x.publish = p.id
    UNION ALL
    SELECT x.seq FROM json_each(?) i JOIN event x ON x.item = i.value AND x.publish IS NULL)";

/// Entries of a request: those of its publishes, or its own when it became none.
const OF_REQUEST: &str = "e.seq IN (
    SELECT x.seq FROM json_each(?, '$.publishes') p JOIN event x ON x.publish = p.value
    UNION ALL
    SELECT x.seq FROM event x WHERE x.request_id = json_extract(?, '$.request'))";

/// Entries after the cursor and up to the last that is on disk, oldest first; the cursor is an entry's
/// place.
pub(crate) fn list(
    connection: &Connection,
    names: &Names,
    filter: &EventFilter,
    page: &Page,
    on_disk: i64,
) -> Done<Paged<LogEntry>> {
    let mut wanted = Where::default();
    wanted.and_some("e.seq > ?", Some(page.cursor.unwrap_or(0)));
    wanted.and_some("e.seq <= ?", Some(on_disk));
    if let Some(content_id) = &filter.content_id {
        let items = items::with_content_id(connection, names, content_id)?;
        let sql =
            "SELECT id FROM item WHERE id IN (SELECT value FROM json_each(?1)) AND content_id = ?2";
        let items = called(connection, sql, &items, content_id)?;
        wanted.and_some(OF_ITEMS, Some(listed(&items)));
    }
    if let Some(request_id) = &filter.request_id {
        let named = names.find(connection, publishes::name(request_id))?;
        let sql = "SELECT id FROM publish WHERE id IN (SELECT value FROM json_each(?1)) AND request_id = ?2";
        let publishes = called(connection, sql, &named, request_id)?;
        let request = json!({ "publishes": publishes, "request": request_id });
        wanted.and_some(OF_REQUEST, Some(request.to_string()));
    }
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
    let found = connection.all(&sql, params_from_iter(wanted.values()), read)?;
    Ok(paged(found, page, |entry| entry.seq))
}

/// Those of the rows that really are called so.
fn called(connection: &Connection, sql: &str, rows: &[i64], so: &str) -> Done<Vec<i64>> {
    connection.all(sql, params![listed(rows), so], |row| row.get(0))
}

fn read(row: &Row<'_>) -> rusqlite::Result<LogEntry> {
    Ok(LogEntry {
        seq: row.get(0)?,
        ..row.get::<_, Json<LogEntry>>(1)?.0
    })
}
