//! How far each source was asked.
//!
//! Ensures that one node at a time asks a source, by the database's clock.

use std::time::Duration;

use slugline_engine::store::Poll;

use super::destinations::micros;
use super::fault::Done;
use super::session::Session;
use super::times::store_now;
use crate::record::Record;

const BEGIN: &str = concat!(
    "INSERT INTO poll AS p (source, due) SELECT $1, t.now + $2 FROM (SELECT ",
    store_now!("$3"),
    " AS now) t ON CONFLICT (source) DO UPDATE SET due = excluded.due WHERE p.due <= excluded.due - $2 RETURNING p.cursor"
);

const END: &str = concat!(
    "UPDATE poll SET cursor = $2, due = $3 + ",
    store_now!("$4"),
    " WHERE source = $1 RETURNING source"
);

/// Takes the right to ask, if its time has come.
pub(crate) async fn begin(
    session: &Session,
    given: Option<i64>,
    source: &str,
    again_after: Duration,
) -> Done<Option<Poll>> {
    let again_after = micros(again_after);
    let taken = session.one(BEGIN, &[&source, &again_after, &given]).await?;
    taken
        .map(|row| row.read(0).map(|cursor| Poll { cursor }))
        .transpose()
}

/// Keeps where an asking ended.
pub(crate) async fn end(
    session: &Session,
    given: Option<i64>,
    (source, cursor): (&str, &str),
    next: Duration,
) -> Done<()> {
    let next = micros(next);
    session
        .rows(END, &[&source, &cursor, &next, &given])
        .await?;
    Ok(())
}
