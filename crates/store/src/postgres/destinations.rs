//! The destinations that the configuration has made known.
//!
//! Ensures that a name keeps its number for ever: jobs, effects and desired state refer to it.

use std::time::Duration;

use slugline_engine::store::Registration;

use super::fault::Done;
use super::session::Session;
use crate::words::Word;

/// Sorted, so that nodes that start together do not wait for each other in a circle; what is known
/// already is not written again.
const REGISTER: &str = "INSERT INTO destination AS d (name, lane, request_timeout, commit_window)
    SELECT * FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[]) AS n (name, lane, request_timeout, commit_window)
    ORDER BY name
    ON CONFLICT (name) DO UPDATE SET lane = excluded.lane, request_timeout = excluded.request_timeout,
                                     commit_window = excluded.commit_window
    WHERE (d.lane, d.request_timeout, d.commit_window)
          IS DISTINCT FROM (excluded.lane, excluded.request_timeout, excluded.commit_window)";

/// Makes destinations known. Jobs that are open keep the lane they were given.
pub(crate) async fn register(session: &Session, destinations: &[Registration]) -> Done<()> {
    let names = destinations
        .iter()
        .map(|it| it.name.as_str())
        .collect::<Vec<_>>();
    let lanes = destinations
        .iter()
        .map(|it| it.lane.number() as i16)
        .collect::<Vec<_>>();
    let timeouts = destinations
        .iter()
        .map(|it| micros(it.request_timeout))
        .collect::<Vec<_>>();
    let windows = destinations
        .iter()
        .map(|it| it.commit_window.map(micros))
        .collect::<Vec<_>>();
    session
        .rows(REGISTER, &[&names, &lanes, &timeouts, &windows])
        .await?;
    Ok(())
}

/// A duration as a column: microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
