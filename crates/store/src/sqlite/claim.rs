//! Claiming due jobs.
//!
//! Ensures that a job is taken with a new fence, that two runs never share a lane (P7; the file's
//! unique index says so too), that nothing of what is paused is taken, and that finding jobs costs an
//! index probe however long the queue is.

use rusqlite::params;
use slugline_core::ids::JobId;
use slugline_core::item::Class;
use slugline_core::lane::LaneScope;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Claimed, ClaimedJob, Want};

use super::column::{At, Col};
use super::destinations::Known;
use super::fault::Done;
use super::jobs::{self, LANE_IS_FREE};
use super::pauses::Active;
use super::slots;
use super::statements::Statements;
use super::task;
use super::tx::Tx;
use crate::beginning::started;
use crate::change::control;

/// Takes due jobs for each want, the oldest first.
pub(crate) fn claim(tx: &Tx<'_>, wants: &[Want]) -> Done<Claimed> {
    let (mut claimed, pauses) = (Claimed::default(), Active::read(tx)?);
    for want in wants {
        if pauses.stops(&want.destination) || pauses.stops_class(want.class) {
            continue;
        }
        let Some(destination) = tx.destination(&want.destination)? else {
            continue;
        };
        fill(tx, &destination, want, &pauses, &mut claimed)?;
        claimed.next_due = earlier(claimed.next_due, next_due(tx, &destination, want)?);
    }
    Ok(claimed)
}

/// How often one claim looks again for a want because it has set jobs aside: with a batch each time,
/// more than a node runs at once. The next claim goes on.
pub(crate) const LOOKS_AGAIN: usize = 8;

/// Takes what a want has room for. What is paused is set aside on the way, so that it is met once.
fn fill(
    tx: &Tx<'_>,
    destination: &Known,
    want: &Want,
    pauses: &Active,
    claimed: &mut Claimed,
) -> Done<()> {
    for _ in 0..LOOKS_AGAIN {
        let mut aside = false;
        for job in due(tx, destination, want.class, want.left(&claimed.jobs))? {
            match take(tx, (destination, job), want, pauses)? {
                Taken::Claimed(job) => claimed.jobs.push(*job),
                Taken::Aside => aside = true,
                Taken::Not => {}
            }
        }
        if !aside {
            return Ok(());
        }
    }
    claimed.next_due = Some(tx.now);
    Ok(())
}

/// What became of a job that was found.
pub(crate) enum Taken {
    /// It is the claim's.
    Claimed(Box<ClaimedJob>),
    /// It is paused, or its slot has not come, and it is not found again before.
    Aside,
    /// Its lane was taken.
    Not,
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
fn take(
    mut tx: &Tx<'_>,
    (destination, id): (&Known, JobId),
    want: &Want,
    pauses: &Active,
) -> Done<Taken> {
    let Some(job) = jobs::load(tx, id)? else {
        return Ok(Taken::Not);
    };
    if pauses.covers(tx, &job)? {
        return control::set_aside(&mut tx, &job).map(|()| Taken::Aside);
    }
    if slots::hold_back(tx, destination, &job)? {
        return Ok(Taken::Aside);
    }
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
        return Ok(Taken::Not);
    }
    slots::begun(tx, destination, &job)?;
    tx.did(job.class);
    started(tx, &job, &taken).write(tx)?;
    let job = task::gather(tx, job, &taken, want.lease, None)?;
    Ok(Taken::Claimed(Box::new(job)))
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
