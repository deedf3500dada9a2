//! The places of entries in the log.
//!
//! Ensures that entries are numbered without gaps, and only once they are committed: transactions do
//! not end in the order in which they began, so a number given any earlier could become visible after
//! a higher one, and a reader that follows by cursor would miss its entry (P8). Whoever reads the log
//! numbers what is new first; nothing is numbered on the way of a publish. The number of open jobs is kept
//! in passing, so that none is ever counted: there may be ten million.

use super::fault::Done;
use super::session::{BEGIN, COMMIT, Session, call};
use crate::record::Record;

/// Whether anything is new; an idle log costs this and no more.
const IS_NEW: &str = "SELECT 1 FROM event_group WHERE first IS NULL LIMIT 1";

/// One at a time: a number that is nobody else's.
const LOCK: &str = "SELECT pg_advisory_xact_lock(x'736c75676c6f67'::bigint)";

/// Numbers all that is committed, and counts what it opened. A statement of its own after the lock's:
/// it sees what the holder before it has numbered, and everything committed until now.
const NUMBER: &str = "WITH log AS (
        SELECT greatest(
            coalesce((SELECT first + entries FROM event_group WHERE first IS NOT NULL ORDER BY first DESC LIMIT 1), 1),
            coalesce((SELECT last + 1 FROM segment ORDER BY first DESC LIMIT 1), 1)) AS next
    ), placed AS (
        SELECT id, (SELECT next FROM log) + (sum(entries) OVER (ORDER BY id))::bigint - entries AS first
        FROM event_group WHERE first IS NULL
    ), numbered AS (
        UPDATE event_group g SET first = placed.first FROM placed WHERE g.id = placed.id RETURNING g.opened
    )
    UPDATE meta SET value = (value::bigint + (SELECT coalesce(sum(opened), 0) FROM numbered))::text WHERE name = 'open_jobs'";

/// The last place that was given. Segments outlive their entries.
const END: &str = "SELECT greatest(
    (SELECT first + entries - 1 FROM event_group WHERE first IS NOT NULL ORDER BY first DESC LIMIT 1),
    (SELECT last FROM segment ORDER BY first DESC LIMIT 1), 0)";

/// What was open when entries were last numbered, and what those since have opened.
const OPEN_JOBS: &str = "SELECT value::bigint + coalesce((SELECT sum(opened) FROM event_group WHERE first IS NULL), 0)::bigint
    FROM meta WHERE name = 'open_jobs'";

/// Gives what is committed its places. When it returns, all that was committed before is visible.
pub(crate) async fn number(session: &Session) -> Done<()> {
    if session.one(IS_NEW, &[]).await?.is_none() {
        return Ok(());
    }
    session
        .each([
            call(BEGIN, &[]),
            call(LOCK, &[]),
            call(NUMBER, &[]),
            call(COMMIT, &[]),
        ])
        .await?;
    Ok(())
}

/// The last place of all that is committed; 0 in an empty log.
pub(crate) async fn end(session: &Session) -> Done<i64> {
    number(session).await?;
    let row = session.one(END, &[]).await?;
    row.map_or(Ok(0), |row| row.read(0))
}

/// How many jobs are open, at all nodes.
pub(crate) async fn open_jobs(session: &Session) -> Done<i64> {
    let row = session.one(OPEN_JOBS, &[]).await?;
    row.map_or(Ok(0), |row| row.read(0))
}
