//! Jobs: how their rows are found.
//!
//! Ensures that a run finds its job only while it has the right to it.

use rusqlite::Connection;
use slugline_core::ids::{Fence, JobId, PublishId};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use super::fault::Done;
use super::statements::Statements;
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
