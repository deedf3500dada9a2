//! Taking back jobs whose run is lost, and giving up those whose deadline has passed.
//!
//! Ensures that what a pass finds is looked at once more by the writer. What follows is in `change`.

use rusqlite::{Connection, params};
use slugline_core::failure::Failure;
use slugline_core::ids::JobId;
use slugline_core::pause::out_of_patience_before;
use slugline_core::time::Timestamp;
use slugline_engine::store::Deadline;

use super::column::{Col, Json};
use super::fault::Done;
use super::jobs::{self, JobRow};
use super::pauses;
use super::statements::Statements;
use super::tx::Tx;
use crate::change::rescue;
use crate::pause::stops_of;

/// Jobs whose lease ended a request timeout ago.
pub(crate) fn lost(connection: &Connection, now: Timestamp, limit: usize) -> Done<Vec<JobId>> {
    let sql = "SELECT j.id FROM job j JOIN destination d ON d.id = j.destination
               WHERE j.lease_until IS NOT NULL AND j.lease_until + d.request_timeout <= ?1 LIMIT ?2";
    connection.all(sql, params![now.0, limit], |row| row.get(0).map(JobId))
}

/// Takes back those that are still lost; how many.
pub(crate) fn rescue(mut tx: &Tx<'_>, lost: &[JobId]) -> Done<usize> {
    let mut rescued = 0;
    for id in lost {
        if let Some(job) = jobs::load(tx, *id)? {
            rescued += usize::from(rescue::rescue(&mut tx, &job)?);
        }
    }
    Ok(rescued)
}

/// Walks the queue's index, not its rows.
const OVERDUE: &str = "SELECT id FROM job INDEXED BY job_queued WHERE state = 1 AND class = ?1 AND destination = ?2 AND released_at < ?3 LIMIT ?4";

/// Queued jobs that were released longer ago than their class's deadline, leaving out the time in which they
/// were stopped.
pub(crate) fn overdue(
    connection: &Connection,
    deadlines: &[Deadline],
    now: Timestamp,
    limit: usize,
) -> Done<Vec<JobId>> {
    let (mut found, stops) = (Vec::new(), pauses::stops(connection)?);
    let destinations = connection.all("SELECT id, name FROM destination", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let each = deadlines
        .iter()
        .flat_map(|deadline| destinations.iter().map(move |to| (deadline, to)));
    for (deadline, (destination, name)) in each {
        let stopped = stops_of(&stops, name, deadline.class);
        let before = out_of_patience_before(now, deadline.after, &stopped);
        let room = limit.saturating_sub(found.len());
        found.extend(connection.all(
            OVERDUE,
            params![Col(deadline.class), destination, before.0, room],
            |row| row.get(0).map(JobId),
        )?);
    }
    Ok(found)
}

/// Makes dead letters of those that are still queued and overdue; how many.
pub(crate) fn expire(mut tx: &Tx<'_>, overdue: &[JobId], deadlines: &[Deadline]) -> Done<usize> {
    let (mut expired, stops) = (0, pauses::stops(tx)?);
    for id in overdue {
        let Some(job) = jobs::load(tx, *id)? else {
            continue;
        };
        let last = last_failure(tx, &job)?;
        expired += usize::from(rescue::expire(
            &mut tx,
            &job,
            last.as_ref(),
            deadlines,
            &stops,
        )?);
    }
    Ok(expired)
}

fn last_failure(tx: &Tx<'_>, job: &JobRow) -> Done<Option<Failure>> {
    let sql = "SELECT failure FROM job WHERE id = ?1";
    let last = tx.one(sql, [job.id.0], |row| row.get::<_, Option<Json<_>>>(0))?;
    Ok(last.flatten().map(|failure| failure.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::plan;

    #[test]
    fn giving_up_reads_no_rows_of_the_queue() {
        let plan = plan(OVERDUE);
        assert!(plan.contains("COVERING INDEX job_queued"), "{plan}");
    }
}
