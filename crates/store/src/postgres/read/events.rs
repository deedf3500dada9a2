//! The log as the API shows it.
//!
//! Ensures that a reader that follows by cursor misses nothing, however late an operation commits:
//! only numbered entries are shown, and `sequencer` numbers what is committed.

use serde_json::json;
use slugline_core::event::LogEntry;
use slugline_engine::store::{EventFilter, Page, Paged};
use tokio_postgres::Row;

use crate::noted;
use crate::postgres::fault::Done;
use crate::postgres::sequencer;
use crate::postgres::session::Session;
use crate::record::{Json, Record};
use crate::views::list::{Where, paged, rows};
use crate::views::overviews::{lowest, walked};

const SELECT: &str =
    "SELECT g.first + e.place, e.text FROM event_group g JOIN event e ON e.event_group = g.id";

/// An entry's place in the log. What is not numbered yet has none, and fails every comparison.
const PLACE: &str = "g.first + e.place > ?";

/// Groups that end before the cursor are not read: the group of the cursor begins at or before it.
const GROUPS: &str =
    "g.first >= coalesce((SELECT max(first) FROM event_group WHERE first <= ?), 0)";

/// The place after the last entry.
const END: &str =
    "SELECT first + entries FROM event_group WHERE first IS NOT NULL ORDER BY first DESC LIMIT 1";

/// Entries of an item: those of its publishes, and its own.
const OF_CONTENT: &str = "(e.event_group, e.place) IN (
    SELECT x.event_group, x.place FROM item i JOIN publish p ON p.item = i.id JOIN event x ON x.publish = p.id
    WHERE i.content_id = (?::text::json ->> 'content_id')
    UNION ALL
    SELECT x.event_group, x.place FROM item i JOIN event x ON x.item = i.id AND x.publish IS NULL
    WHERE i.content_id = (?::text::json ->> 'content_id')
    UNION ALL
    SELECT x.event_group, x.place FROM event x
    WHERE x.item = (?::text::json ->> 'noted')::bigint AND x.publish IS NULL
      AND x.text::json ->> 'content_id' = (?::text::json ->> 'content_id'))";

/// Whose an entry is. What was noted has no item and says so itself; what is about nothing that is owned
/// (0), such as a pause of a destination, concerns all.
const OWNER: &str = "(e.item = 0 OR CASE WHEN e.item < 0 THEN e.text::json -> 'detail' ->> 'owner'
    ELSE (SELECT owner FROM item WHERE id = e.item) END = ?)";

/// Entries of a request: those of its publishes, or its own when it became none.
const OF_REQUEST: &str = "(e.event_group, e.place) IN (
    SELECT x.event_group, x.place FROM publish p JOIN event x ON x.publish = p.id WHERE p.request_id = ?
    UNION ALL
    SELECT x.event_group, x.place FROM event x WHERE x.request_id = ?)";

/// Entries of a job: those of its publish that name it.
const OF_JOB: &str = "(e.event_group, e.place) IN (
    SELECT x.event_group, x.place FROM job j JOIN event x ON x.publish = j.publish
    WHERE j.id = (?::text::json ->> 'number')::bigint
      AND x.text::json -> 'detail' ->> 'job_id' = (?::text::json ->> 'job_id'))";

/// Entries after the cursor, oldest first; the cursor is an entry's place.
pub(crate) async fn list(
    session: &Session,
    filter: &EventFilter,
    page: &Page,
) -> Done<Paged<LogEntry>> {
    sequencer::number(session).await?;
    let after = page.cursor.unwrap_or(0);
    let mut wanted = that_hold(filter);
    wanted.and_some(PLACE, Some(after));
    wanted.and_some(GROUPS, Some(after));
    let found = super::list(
        session,
        (SELECT, &wanted, "g.first, e.place"),
        rows(page),
        read,
    )
    .await?;
    Ok(paged(found, page, |entry| entry.seq))
}

/// Entries before the cursor, newest first.
pub(crate) async fn recent(
    session: &Session,
    filter: &EventFilter,
    page: &Page,
) -> Done<Paged<LogEntry>> {
    sequencer::number(session).await?;
    let end = session.one(END, &[]).await?;
    let end: i64 = end.map_or(Ok(1), |row| row.read(0))?;
    let top = page.cursor.unwrap_or(i64::MAX).min(end);
    let floor = lowest(filter, top);
    let mut wanted = that_hold(filter);
    wanted.and_some("g.first + e.place < ?", Some(top));
    wanted.and_some("g.first < ?", Some(top));
    wanted.and_some("g.first + e.place >= ?", Some(floor));
    wanted.and_some(GROUPS, Some(floor));
    let found = super::list(
        session,
        (SELECT, &wanted, "g.first DESC, e.place DESC"),
        rows(page),
        read,
    )
    .await?;
    Ok(walked(found, page, floor, |entry| entry.seq))
}

/// What the filter asks for.
fn that_hold(filter: &EventFilter) -> Where {
    let mut wanted = Where::default();
    let content = filter.content_id.as_ref().map(|content_id| {
        json!({ "content_id": content_id, "noted": noted::number(content_id) }).to_string()
    });
    wanted.and_some(OF_CONTENT, content);
    wanted.and_some(OF_REQUEST, filter.request_id.clone());
    let job = filter
        .job_id
        .map(|job| json!({ "number": job.0, "job_id": job }).to_string());
    wanted.and_some(OF_JOB, job);
    wanted.and_some(OWNER, filter.owner.clone());
    wanted.and_some("e.text::json ->> 'type' = ?", filter.kind.clone());
    wanted.and_some("e.text::json ->> 'actor' = ?", filter.actor.clone());
    wanted
}

fn read(row: &Row) -> Done<LogEntry> {
    Ok(LogEntry {
        seq: row.read(0)?,
        ..row.read::<Json<LogEntry>>(1)?.0
    })
}
