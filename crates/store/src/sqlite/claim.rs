//! Claiming due jobs.
//!
//! Ensures that a job is taken with a new fence, that two runs never share a lane (P7; the file's
//! unique index says so too), and that finding jobs costs an index probe however long the queue is.

use rusqlite::params;
use slugline_core::event::EventType;
use slugline_core::ids::JobId;
use slugline_core::item::Class;
use slugline_core::lane::LaneScope;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Claimed, ClaimedJob, Want};

use super::column::{At, Col};
use super::destinations::Known;
use super::fault::Done;
use super::jobs::{self, LANE_IS_FREE};
use super::log::Entry;
use super::statements::Statements;
use super::task;
use super::tx::Tx;

/// Takes due jobs for each want, the oldest first.
pub(crate) fn claim(tx: &Tx<'_>, wants: &[Want]) -> Done<Claimed> {
    let mut claimed = Claimed::default();
    for want in wants {
        let Some(destination) = tx.destination(&want.destination)? else {
            continue;
        };
        for job in due(tx, &destination, want.class, want.left(&claimed.jobs))? {
            claimed.jobs.extend(take(tx, job, want)?);
        }
        claimed.next_due = earlier(claimed.next_due, next_due(tx, &destination, want)?);
    }
    Ok(claimed)
}

/// The earlier of two times, where there are any.
pub(crate) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

fn due(tx: &Tx<'_>, destination: &Known, class: Class, limit: usize) -> Done<Vec<JobId>> {
    if destination.lane == LaneScope::Target && !has_free_target(tx, destination)? {
        // All the queue is one lane: without this, a probe would walk all of it.
        return Ok(Vec::new());
    }
    let limit = if destination.lane == LaneScope::Target {
        limit.min(1)
    } else {
        limit
    };
    let sql = due_sql();
    tx.all(
        &sql,
        params![destination.id, Col(class), tx.now.0, limit],
        |row| row.get(0).map(JobId),
    )
}

fn due_sql() -> String {
    format!(
        "SELECT j.id FROM job j WHERE j.state = 1 AND j.destination = ?1 AND j.class = ?2 AND j.due <= ?3
         AND {LANE_IS_FREE} ORDER BY j.due, j.released_at, j.id LIMIT ?4"
    )
}

fn has_free_target(tx: &Tx<'_>, destination: &Known) -> Done<bool> {
    let sql = "SELECT 1 FROM job WHERE destination = ?1 AND lane = 0 AND lease_until IS NOT NULL";
    Ok(tx.one(sql, [destination.id], |_| Ok(()))?.is_none())
}

/// Takes a job, unless one of its lane was taken just before it.
fn take(tx: &Tx<'_>, id: JobId, want: &Want) -> Done<Option<ClaimedJob>> {
    let Some(job) = jobs::load(tx, id)? else {
        return Ok(None);
    };
    let until = tx.now.plus(want.lease);
    let taken = job.queued().claim(job.fence, until);
    let sql = format!(
        "UPDATE job AS j SET state = 2, attempts = ?2, fence = ?3, lease_until = ?4, claimed_at = ?5
         WHERE id = ?1 AND {LANE_IS_FREE}"
    );
    if tx.run(
        &sql,
        params![id.0, taken.attempts, taken.fence.0, until.0, tx.now.0],
    )? == 0
    {
        return Ok(None);
    }
    tx.did(job.class);
    Entry::of_job(tx, EventType::DeliveryStarted, "started", &job)
        .detail("attempt", taken.attempts)
        .write(tx)?;
    task::gather(tx, job, &taken, want.lease, None).map(Some)
}

const NEXT_DUE: &str =
    "SELECT min(due) FROM job WHERE state = 1 AND destination = ?1 AND class = ?2 AND due > ?3";

fn next_due(tx: &Tx<'_>, destination: &Known, want: &Want) -> Done<Option<Timestamp>> {
    let next = tx.one(
        NEXT_DUE,
        params![destination.id, Col(want.class), tx.now.0],
        |row| row.get::<_, Option<At>>(0),
    )?;
    Ok(next.flatten().map(|at| at.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::plan;

    #[test]
    fn finding_jobs_walks_no_queue() {
        let plan_of_due = plan(&due_sql());
        assert!(
            plan_of_due.contains("job_queued (destination=? AND class=? AND due<?)"),
            "{plan_of_due}"
        );
        assert!(
            plan_of_due.contains("job_lease (destination=? AND lane=?)"),
            "{plan_of_due}"
        );
        assert!(
            !plan_of_due.contains("TEMP B-TREE") && !plan_of_due.contains("SCAN"),
            "{plan_of_due}"
        );
        let plan_of_next = plan(NEXT_DUE);
        assert!(
            plan_of_next.contains("job_queued (destination=? AND class=? AND due>?)"),
            "{plan_of_next}"
        );
    }
}
