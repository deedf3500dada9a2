//! Taking back jobs whose run is lost, and giving up those whose deadline has passed.
//!
//! Ensures that what a pass finds is looked at once more under its lock: another node's pass may have
//! been quicker.

use std::collections::BTreeMap;

use slugline_core::failure::Failure;
use slugline_core::ids::JobId;
use slugline_engine::store::Deadline;

use super::destinations::micros;
use super::fault::Done;
use super::gauges::Effected;
use super::jobs::small;
use super::session::Session;
use super::settle;
use super::times::{Times, store_now};
use super::write::commit;
use crate::change::rescue;
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

/// Queued jobs of a class that were released longer ago than its deadline. Walks the queue's index,
/// not its rows.
const OVERDUE: &str = concat!(
    "SELECT id FROM job WHERE state = 1 AND class = $2 AND released_at < ",
    store_now!("$1"),
    " - $3::bigint LIMIT $4"
);

/// Makes dead letters of queued jobs that passed their class's deadline; how many.
pub(crate) async fn expire(
    session: &Session,
    times: &Times,
    deadlines: &[Deadline],
    limit: i64,
) -> Done<(usize, Effected)> {
    let mut overdue = Vec::new();
    for deadline in deadlines {
        let room = limit - i64::try_from(overdue.len()).unwrap_or(limit);
        let (class, after) = (small(deadline.class), micros(deadline.after));
        let found = session
            .rows(OVERDUE, &[&times.given(), &class, &after, &room])
            .await?;
        overdue.extend(ids(&found)?);
    }
    if overdue.is_empty() {
        return Ok((0, Effected::default()));
    }
    let (mut changes, jobs) = settle::open(session, times, &overdue).await?;
    let failures = last_failures(session, &overdue).await?;
    let mut expired = 0;
    for job in jobs.values() {
        let last = failures.get(&job.id);
        expired += usize::from(rescue::expire(&mut changes, job, last, deadlines)?);
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
