//! Jobs: their rows and the ways they change state.
//!
//! Ensures that a job's state changes in one place per transition, with its log entry and the count
//! of open jobs, in the same transaction.

use rusqlite::{Connection, params};
use slugline_core::event::EventType;
use slugline_core::failure::Failure;
use slugline_core::ids::{Fence, JobId, PublishId};
use slugline_core::lifecycle::{JobState, Queued};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use super::column::{Col, Json};
use super::fault::Done;
use super::log::Entry;
use super::statements::Statements;
use super::tx::Tx;
pub(crate) use crate::job::JobRow;
use crate::job::{read, select_jobs};

/// A job by its id.
pub(crate) fn load(connection: &Connection, id: JobId) -> Done<Option<JobRow>> {
    connection.one(select_jobs!("WHERE j.id = ?1"), [id.0], |row| read(row))
}

/// The job, if a run still has this right to it.
pub(crate) fn leased(connection: &Connection, id: JobId, fence: Fence) -> Done<Option<JobRow>> {
    connection.one(
        select_jobs!("WHERE j.id = ?1 AND j.fence = ?2 AND j.lease_until IS NOT NULL"),
        [id.0, fence.0],
        |row| read(row),
    )
}

/// The pending jobs of a publish.
pub(crate) fn pending(connection: &Connection, publish: PublishId) -> Done<Vec<JobRow>> {
    connection.all(
        select_jobs!("WHERE j.publish = ?1 AND j.state = 0 ORDER BY j.id"),
        [publish.0],
        |row| read(row),
    )
}

/// An item's pending jobs at a destination that carry a lower generation: those of its publishes
/// that still wait.
pub(crate) fn pending_below(
    connection: &Connection,
    item: i64,
    destination: i64,
    generation: Generation,
) -> Done<Vec<JobRow>> {
    let sql = select_jobs!(
        "WHERE j.publish IN (SELECT id FROM publish WHERE item = ?1 AND waits <> 0)
         AND j.state = 0 AND j.destination = ?2 AND j.generation < ?3"
    );
    connection.all(sql, [item, destination, generation.0], |row| read(row))
}

impl JobRow {
    /// Queues it: released, taken back, or to be tried again.
    pub(crate) fn queue(
        &self,
        tx: &Tx<'_>,
        queued: &Queued,
        failure: Option<&Failure>,
    ) -> Done<()> {
        let sql = "UPDATE job SET state = 1, due = ?2, attempts = ?3, failure = coalesce(?4, failure), lease_until = NULL,
                   released_at = coalesce(released_at, ?5) WHERE id = ?1";
        tx.run(
            sql,
            params![
                self.id.0,
                queued.due.0,
                queued.attempts,
                failure.map(Json),
                tx.now.0
            ],
        )?;
        tx.nudge();
        Ok(())
    }

    /// Makes it a dead letter.
    pub(crate) fn fail(&self, tx: &Tx<'_>, failure: &Failure) -> Done<()> {
        tx.run(
            "UPDATE job SET state = 4, lease_until = NULL, failure = ?2 WHERE id = ?1",
            params![self.id.0, Json(failure)],
        )?;
        self.ended(tx);
        Entry::of_job(tx, EventType::PublishFailed, "failed", self)
            .failure(Some(failure))
            .write(tx)
    }

    /// A newer generation has taken its place.
    pub(crate) fn supersede(&self, tx: &Tx<'_>, replaced_by: Option<JobId>) -> Done<()> {
        let sql = "UPDATE job SET state = ?2, lease_until = NULL, replaced_by = coalesce(?3, replaced_by) WHERE id = ?1";
        tx.run(
            sql,
            params![
                self.id.0,
                Col(JobState::Superseded),
                replaced_by.map(|job| job.0)
            ],
        )?;
        self.ended(tx);
        Entry::of_job(tx, EventType::Superseded, "superseded", self)
            .detail("replaced_by", replaced_by)
            .write(tx)
    }

    /// Counts it out, if it was open, and lets its lane go.
    pub(crate) fn ended(&self, tx: &Tx<'_>) {
        if !self.state.is_final() {
            tx.count_open(-1);
        }
        tx.nudge();
    }
}

/// Whether a run holds the lane.
pub(crate) const LANE_IS_FREE: &str = "NOT EXISTS (SELECT 1 FROM job l WHERE l.destination = j.destination AND l.lane = j.lane AND l.lease_until IS NOT NULL)";

/// Ends the leases of the process that had the directory before: it is gone, since the directory is
/// ours. What it sent in its last moment has one request timeout to end, as after any lease.
pub(crate) fn end_leases(connection: &Connection, now: Timestamp) -> Done<()> {
    let sql = "UPDATE job SET lease_until = min(lease_until, ?1) WHERE lease_until IS NOT NULL";
    connection.run(sql, [now.0]).map(drop)
}

/// The number of open jobs in the file.
pub(crate) fn count_open(connection: &Connection) -> Done<i64> {
    // Spelled so that each part is read from its partial index.
    let sql = "SELECT (SELECT count(*) FROM job WHERE state = 1) + (SELECT count(*) FROM job WHERE state IN (0, 4) AND state = 0)
             + (SELECT count(*) FROM job WHERE lease_until IS NOT NULL AND state = 2)";
    Ok(connection.one(sql, [], |row| row.get(0))?.unwrap_or(0))
}
