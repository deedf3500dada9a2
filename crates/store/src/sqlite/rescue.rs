//! Taking back jobs whose run is lost, and giving up those whose deadline has passed.
//!
//! Ensures that a lost run's writes count as unknown (its lane owes a second look), and that no job
//! stays queued for ever.

use rusqlite::{Connection, params};
use slugline_core::event::EventType;
use slugline_core::failure::Failure;
use slugline_core::ids::JobId;
use slugline_core::lifecycle::{JobState, Queued};
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;
use slugline_engine::store::Deadline;

use super::column::{Col, Json};
use super::fault::Done;
use super::jobs::{self, JobRow};
use super::log::Entry;
use super::settle::{self, Run, record_attempt};
use super::statements::Statements;
use super::tx::Tx;
use super::{desired, destinations::micros};

/// Jobs whose lease ended a request timeout ago.
pub(crate) fn lost(connection: &Connection, now: Timestamp, limit: usize) -> Done<Vec<JobId>> {
    let sql = "SELECT j.id FROM job j JOIN destination d ON d.id = j.destination
               WHERE j.lease_until IS NOT NULL AND j.lease_until + d.request_timeout <= ?1 LIMIT ?2";
    connection.all(sql, params![now.0, limit], |row| row.get(0).map(JobId))
}

/// Takes back those that are still lost; how many.
pub(crate) fn rescue(tx: &Tx<'_>, lost: &[JobId]) -> Done<usize> {
    let mut rescued = 0;
    for id in lost {
        if let Some(job) = jobs::load(tx, *id)? {
            rescued += usize::from(rescue_one(tx, &job)?);
        }
    }
    Ok(rescued)
}

fn rescue_one(tx: &Tx<'_>, job: &JobRow) -> Done<bool> {
    let Some(lease_until) = job.lease_until else {
        return Ok(false);
    };
    let Ok(queued) = job
        .delivering(lease_until)
        .rescue(tx.now, job.request_timeout)
    else {
        return Ok(false);
    };
    Entry::of_job(tx, EventType::LeaseRescued, "rescued", job).write(tx)?;
    if job.state == JobState::Delivering {
        take_back(tx, job, &queued)?;
    } else {
        settle::let_go(tx, job)?;
    }
    tx.run("DELETE FROM hold WHERE job = ?1", [job.id.0])?;
    desired::disturb(tx, job)?;
    if let Some(window) = job.commit_window {
        desired::owe_look(tx, job, tx.now.plus(window))?;
    }
    Ok(true)
}

fn take_back(tx: &Tx<'_>, job: &JobRow, queued: &Queued) -> Done<()> {
    let failure = Failure::new(Reason::Interrupted, "the run's lease ran out");
    match settle::replacement(tx, job)? {
        Some(newer) => job.supersede(tx, Some(newer))?,
        None => job.queue(tx, queued, Some(&failure))?,
    }
    let started_at = job.claimed_at.unwrap_or(tx.now);
    record_attempt(
        tx,
        job,
        &Run {
            started_at,
            outcome: "rescued",
            requests: 0,
            failure: Some(&failure),
        },
    )
}

/// Walks the queue's index, not its rows.
const OVERDUE: &str = "SELECT id FROM job INDEXED BY job_queued WHERE state = 1 AND class = ?1 AND released_at < ?2 LIMIT ?3";

/// Queued jobs that were released longer ago than their class's deadline.
pub(crate) fn overdue(
    connection: &Connection,
    deadlines: &[Deadline],
    now: Timestamp,
    limit: usize,
) -> Done<Vec<JobId>> {
    let mut found = Vec::new();
    for deadline in deadlines {
        let before = now.0.saturating_sub(micros(deadline.after));
        let room = limit.saturating_sub(found.len());
        found.extend(connection.all(
            OVERDUE,
            params![Col(deadline.class), before, room],
            |row| row.get(0).map(JobId),
        )?);
    }
    Ok(found)
}

/// Makes dead letters of those that are still queued and overdue; how many.
pub(crate) fn expire(tx: &Tx<'_>, overdue: &[JobId], deadlines: &[Deadline]) -> Done<usize> {
    let mut expired = 0;
    for id in overdue {
        let Some(job) = jobs::load(tx, *id)?.filter(|job| job.state == JobState::Queued) else {
            continue;
        };
        let patience = deadlines
            .iter()
            .find(|deadline| deadline.class == job.class)
            .map(|deadline| deadline.after);
        let (Some(after), Some(released_at)) = (patience, job.released_at) else {
            continue;
        };
        if tx.now > released_at.plus(after) {
            let message = format!(
                "still queued {} s after its release{}",
                after.as_secs(),
                last_failure(tx, &job)?
            );
            job.fail(tx, &Failure::new(Reason::DeadlineExceeded, message))?;
            expired += 1;
        }
    }
    Ok(expired)
}

fn last_failure(tx: &Tx<'_>, job: &JobRow) -> Done<String> {
    let sql = "SELECT failure FROM job WHERE id = ?1";
    let last = tx
        .one(sql, [job.id.0], |row| {
            row.get::<_, Option<Json<Failure>>>(0)
        })?
        .flatten();
    Ok(last
        .map(|Json(failure)| {
            format!(
                "; it failed last with {}: {}",
                failure.reason.code(),
                failure.message
            )
        })
        .unwrap_or_default())
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
