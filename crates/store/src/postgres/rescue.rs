//! Taking back jobs whose run is lost, and giving up those whose deadline has passed.
//!
//! Ensures that what a pass finds is looked at once more under its lock: another node's pass may have
//! been quicker.

use std::collections::BTreeMap;

use slugline_core::failure::Failure;
use slugline_core::ids::JobId;
use slugline_core::pause::out_of_patience_before;
use slugline_engine::store::Deadline;

use super::fault::Done;
use super::gauges::Effected;
use super::jobs::small;
use super::pauses;
use super::session::Session;
use super::settle;
use super::times::{NOW, Times, store_now};
use super::write::commit;
use crate::change::rescue;
use crate::pause::stops_of;
use crate::record::{Json, Record};

/// Jobs whose lease ended a request timeout ago.
const LOST: &str = concat!(
    "SELECT j.id FROM job j JOIN destination d ON d.id = j.destination
     WHERE j.lease_until IS NOT NULL AND j.lease_until + d.request_timeout <= ",
    store_now!("$1"),
    " LIMIT $2"
);

/// Takes back jobs whose lease ended a request timeout ago; how many.
pub(crate) async fn rescue(
    session: &Session,
    times: &Times,
    limit: i64,
) -> Done<(usize, Effected)> {
    let lost = session.rows(LOST, &[&times.given(), &limit]).await?;
    let lost = ids(&lost)?;
    if lost.is_empty() {
        return Ok((0, Effected::default()));
    }
    let (mut changes, jobs) = settle::open(session, times, &lost).await?;
    let mut rescued = 0;
    for job in jobs.values() {
        rescued += usize::from(rescue::rescue(&mut changes, job)?);
    }
    let effected = changes.effected();
    commit(session, &changes.writes()?).await?;
    Ok((rescued, effected))
}

/// Queued jobs of a class (`$3`) that were released before a time, which each destination has its own of.
/// Walks the queue's index, not its rows.
const OVERDUE: &str =
    "SELECT o.id FROM unnest($1::text[], $2::bigint[]) AS c (name, before) JOIN destination d ON d.name = c.name
     CROSS JOIN LATERAL (SELECT j.id FROM job j WHERE j.state = 1 AND j.destination = d.id AND j.class = $3
                         AND j.released_at < c.before LIMIT $4) o LIMIT $4";

/// Makes dead letters of queued jobs that passed their class's deadline; how many.
pub(crate) async fn expire(
    session: &Session,
    times: &Times,
    deadlines: &[Deadline],
    limit: i64,
) -> Done<(usize, Effected)> {
    let (mut overdue, stops) = (Vec::new(), pauses::stops(session).await?);
    let now = times.read(&session.rows(NOW, &[&times.given()]).await?)?;
    let names = session.rows("SELECT name FROM destination", &[]).await?;
    let names = names
        .iter()
        .map(|row| row.read(0))
        .collect::<Done<Vec<String>>>()?;
    for Deadline { class, after } in deadlines {
        let room = limit - i64::try_from(overdue.len()).unwrap_or(limit);
        let before =
            |name: &String| out_of_patience_before(now, *after, &stops_of(&stops, name, *class)).0;
        let before: Vec<i64> = names.iter().map(before).collect();
        let found = session
            .rows(OVERDUE, &[&names, &before, &small(*class), &room])
            .await?;
        overdue.extend(ids(&found)?);
    }
    if overdue.is_empty() {
        return Ok((0, Effected::default()));
    }
    let (mut changes, jobs) = settle::open(session, times, &overdue).await?;
    let failures = last_failures(session, &overdue).await?;
    // As they are since the jobs are locked.
    let stops = pauses::stops(session).await?;
    let mut expired = 0;
    for job in jobs.values() {
        let last = failures.get(&job.id);
        expired += usize::from(rescue::expire(&mut changes, job, last, deadlines, &stops)?);
    }
    let effected = changes.effected();
    commit(session, &changes.writes()?).await?;
    Ok((expired, effected))
}

async fn last_failures(session: &Session, jobs: &[i64]) -> Done<BTreeMap<JobId, Failure>> {
    let sql = "SELECT id, failure FROM job WHERE id = ANY($1) AND failure IS NOT NULL";
    let found = session.rows(sql, &[&jobs]).await?;
    let read = |row: &tokio_postgres::Row| Ok((row.read(0)?, row.read::<Json<_>>(1)?.0));
    found.iter().map(read).collect()
}

fn ids(rows: &[tokio_postgres::Row]) -> Done<Vec<i64>> {
    rows.iter().map(|row| row.read(0)).collect()
}
