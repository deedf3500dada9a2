//! The destinations that the configuration has made known.
//!
//! Ensures that a name keeps its number for ever: jobs, effects and desired state refer to it.

use std::time::Duration;

use slugline_engine::store::Registration;

use super::fault::Done;
use super::pauses;
use super::session::{BEGIN, COMMIT, Session, call};
use super::slots;
use super::times::NOW;
use crate::record::Record;
use crate::words::Word;

/// Sorted, so that nodes that start together do not wait for each other in a circle; what is known
/// already is not written again.
const REGISTER: &str = "INSERT INTO destination AS d (name, lane, request_timeout, commit_window, pace)
    SELECT * FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[], $5::text[]) AS n (name, lane, request_timeout, commit_window, pace)
    ORDER BY name
    ON CONFLICT (name) DO UPDATE SET lane = excluded.lane, request_timeout = excluded.request_timeout,
                                     commit_window = excluded.commit_window, pace = excluded.pace
    WHERE (d.lane, d.request_timeout, d.commit_window, d.pace)
          IS DISTINCT FROM (excluded.lane, excluded.request_timeout, excluded.commit_window, excluded.pace)";

/// Makes destinations known. Jobs that are open keep the lane they were given.
pub(crate) async fn register(
    session: &Session,
    given: Option<i64>,
    destinations: &[Registration],
) -> Done<()> {
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
    let pace = |it: &Registration| it.pace.as_ref().map(serde_json::to_string).transpose();
    let paces = destinations
        .iter()
        .map(pace)
        .collect::<Result<Vec<_>, _>>()?;
    let [_, _, now] = session
        .each([
            call(BEGIN, &[]),
            call(pauses::ALONE, &[]),
            call(NOW, &[&given]),
        ])
        .await?;
    let now = now.first().map(|row| row.read(0)).transpose()?;
    slots::take_back(session, &names, &paces, now.unwrap_or_default()).await?;
    session
        .each([
            call(REGISTER, &[&names, &lanes, &timeouts, &windows, &paces]),
            call(COMMIT, &[]),
        ])
        .await?;
    Ok(())
}

/// A duration as a column: microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
