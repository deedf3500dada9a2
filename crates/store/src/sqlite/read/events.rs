//! The log as the API shows it.
//!
//! Ensures that a reader that follows by cursor misses nothing: one writer numbers the entries, so
//! what is visible has all that came before.

use rusqlite::{Connection, Row, params, params_from_iter};
use serde_json::json;
use slugline_core::event::LogEntry;
use slugline_engine::store::{EventFilter, Page, Paged};

use super::listed;
use crate::noted;
use crate::sqlite::column::Json;
use crate::sqlite::fault::Done;
use crate::sqlite::names::Names;
use crate::sqlite::statements::Statements;
use crate::sqlite::{items, publishes};
use crate::views::list::{Where, paged, rows};
use crate::views::overviews::{lowest, walked};

/// Entries of an item: those of its publishes, and its own.
const OF_ITEMS: &str = "e.seq IN (
    SELECT x.seq FROM json_each(?, '$.items') i JOIN publish p ON p.item = i.value JOIN event x ON x.publish = p.id
    UNION ALL
    SELECT x.seq FROM json_each(?, '$.items') i JOIN event x ON x.item = i.value AND x.publish IS NULL
    UNION ALL
    SELECT x.seq FROM event x WHERE x.item = json_extract(?, '$.noted') AND x.publish IS NULL
                                AND json_extract(x.text, '$.content_id') = json_extract(?, '$.content_id'))";

/// Whose an entry is. What was noted has no item and says so itself; what is about nothing that is owned
/// (0), such as a pause of a destination, concerns all.
const OWNER: &str =
    "(e.item = 0 OR CASE WHEN e.item < 0 THEN json_extract(e.text, '$.detail.owner')
    ELSE (SELECT owner FROM item WHERE id = e.item) END = ?)";

/// Entries of a request: those of its publishes, or its own when it became none.
const OF_REQUEST: &str = "e.seq IN (
    SELECT x.seq FROM json_each(?, '$.publishes') p JOIN event x ON x.publish = p.value
    UNION ALL
    SELECT x.seq FROM event x WHERE x.request_id = json_extract(?, '$.request'))";

/// Entries of a job: those of its publish that name it.
const OF_JOB: &str = "e.seq IN (
    SELECT x.seq FROM job j JOIN event x ON x.publish = j.publish
    WHERE j.id = json_extract(?, '$.number')
      AND json_extract(x.text, '$.detail.job_id') = json_extract(?, '$.job_id'))";

/// Entries after the cursor and up to the last that is on disk, oldest first; the cursor is an entry's
/// place.
pub(crate) fn list(
    connection: &Connection,
    names: &Names,
    filter: &EventFilter,
    page: &Page,
    on_disk: i64,
) -> Done<Paged<LogEntry>> {
    let mut wanted = that_hold(connection, names, filter)?;
    wanted.and_some("e.seq > ?", Some(page.cursor.unwrap_or(0)));
    wanted.and_some("e.seq <= ?", Some(on_disk));
    let sql = format!(
        "SELECT e.seq, e.text FROM event e {} ORDER BY e.seq LIMIT {}",
        wanted.clause(),
        rows(page)
    );
    let found = connection.all(&sql, params_from_iter(wanted.values()), read)?;
    Ok(paged(found, page, |entry| entry.seq))
}

/// Entries before the cursor, and up to the last that is on disk, newest first.
pub(crate) fn recent(
    connection: &Connection,
    names: &Names,
    filter: &EventFilter,
    page: &Page,
    on_disk: i64,
) -> Done<Paged<LogEntry>> {
    let mut wanted = that_hold(connection, names, filter)?;
    let top = page
        .cursor
        .unwrap_or(i64::MAX)
        .min(on_disk.saturating_add(1));
    let floor = lowest(filter, top);
    wanted.and_some("e.seq < ?", Some(top));
    wanted.and_some("e.seq >= ?", Some(floor));
    let sql = format!(
        "SELECT e.seq, e.text FROM event e {} ORDER BY e.seq DESC LIMIT {}",
        wanted.clause(),
        rows(page)
    );
    let found = connection.all(&sql, params_from_iter(wanted.values()), read)?;
    Ok(walked(found, page, floor, |entry| entry.seq))
}

/// What the filter asks for.
fn that_hold(connection: &Connection, names: &Names, filter: &EventFilter) -> Done<Where> {
    let mut wanted = Where::default();
    if let Some(content_id) = &filter.content_id {
        let items = items::with_content_id(connection, names, content_id)?;
        let sql =
            "SELECT id FROM item WHERE id IN (SELECT value FROM json_each(?1)) AND content_id = ?2";
        let items = called(connection, sql, &items, content_id)?;
        let found =
            json!({ "items": items, "noted": noted::number(content_id), "content_id": content_id });
        wanted.and_some(OF_ITEMS, Some(found.to_string()));
    }
    if let Some(request_id) = &filter.request_id {
        let named = names.find(connection, publishes::name(request_id))?;
        let sql = "SELECT id FROM publish WHERE id IN (SELECT value FROM json_each(?1)) AND request_id = ?2";
        let publishes = called(connection, sql, &named, request_id)?;
        let request = json!({ "publishes": publishes, "request": request_id });
        wanted.and_some(OF_REQUEST, Some(request.to_string()));
    }
    let job = filter
        .job_id
        .map(|job| json!({ "number": job.0, "job_id": job }).to_string());
    wanted.and_some(OF_JOB, job);
    wanted.and_some(OWNER, filter.owner.clone());
    wanted.and_some("json_extract(e.text, '$.type') = ?", filter.kind.clone());
    wanted.and_some("json_extract(e.text, '$.actor') = ?", filter.actor.clone());
    Ok(wanted)
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
