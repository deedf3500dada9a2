//! Jobs: how their rows are found.
//!
//! Ensures that a run finds its job only while it has the right to it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use rusqlite::Connection;
use slugline_core::ids::{Fence, JobId, PublishId};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use super::fault::Done;
use super::statements::Statements;
use super::writer::Gauges;
use super::{OpenError, connection};
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
    count_queued(connection, i64::MAX).and_then(|queued| Ok(queued + count_others(connection)?))
}

/// Counts open jobs while the store starts. A queue longer than `at_once` is counted further on a
/// thread of its own, which is given back: whoever starts does not wait for a million. Nothing may be
/// written before this returns; what is written later is counted by who writes it.
pub(crate) fn begin_count(
    file: &Path,
    connection: &Connection,
    gauges: &Arc<Gauges>,
    at_once: i64,
) -> Result<Option<JoinHandle<()>>, OpenError> {
    let queued = count_queued(connection, at_once)?;
    let counted = queued + count_others(connection)?;
    gauges.open_jobs.store(counted, Ordering::Relaxed);
    if queued < at_once {
        return Ok(None);
    }
    let (reader, gauges) = (connection::reading(file)?, Arc::clone(gauges));
    // The first read holds the moment that is counted.
    reader.execute_batch("BEGIN; SELECT 1 FROM meta")?;
    let count = move || match count_queued(&reader, i64::MAX) {
        Ok(all) => drop(gauges.open_jobs.fetch_add(all - queued, Ordering::Relaxed)),
        Err(fault) => {
            tracing::warn!(%fault, "counting the queue failed; slugline_open_jobs is too low")
        }
    };
    let thread = std::thread::Builder::new().name("store-count".into());
    let thread = thread
        .spawn(count)
        .map_err(|error| OpenError::disk(file, &error))?;
    Ok(Some(thread))
}

fn count_queued(connection: &Connection, at_most: i64) -> Done<i64> {
    // From the queue's own index.
    let sql = "SELECT count(*) FROM (SELECT 1 FROM job WHERE state = 1 LIMIT ?1)";
    Ok(connection
        .one(sql, [at_most], |row| row.get(0))?
        .unwrap_or(0))
}

fn count_others(connection: &Connection) -> Done<i64> {
    // Spelled so that each part is read from its partial index.
    let sql = "SELECT (SELECT count(*) FROM job WHERE state IN (0, 4) AND state = 0)
             + (SELECT count(*) FROM job WHERE lease_until IS NOT NULL AND state = 2)";
    Ok(connection.one(sql, [], |row| row.get(0))?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn a_long_queue_is_counted_to_its_end_and_nothing_that_came_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("slugline.db");
        let mut connection = connection::writing(&file).unwrap();
        schema::migrate(&mut connection).unwrap();
        let queue = || {
            let sql = "INSERT INTO job (publish, item, destination, lane, generation, action, class, state, due)
                       VALUES (1, 1, 1, 1, 1, 1, 1, 1, 1)";
            connection.run(sql, []).unwrap();
        };
        (0..5).for_each(|_| queue());
        for (at_once, aside) in [(2, true), (5, true), (6, false)] {
            let gauges = Arc::new(Gauges::default());
            let counting = begin_count(&file, &connection, &gauges, at_once).unwrap();
            assert_eq!(counting.is_some(), aside);
            counting
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            assert_eq!(gauges.open_jobs.load(Ordering::Relaxed), 5);
        }
        let gauges = Arc::new(Gauges::default());
        let counting = begin_count(&file, &connection, &gauges, 2).unwrap();
        queue();
        gauges.open_jobs.fetch_add(1, Ordering::Relaxed);
        counting.unwrap().join().unwrap();
        assert_eq!(gauges.open_jobs.load(Ordering::Relaxed), 6);
    }
}
