//! Desired state, and what was last verified of it.
//!
//! Ensures that only a newer generation takes an older one's place, that what was shown never goes
//! back (P4), and that a queued job is always the one that its desired row names.

use std::time::Duration;

use rusqlite::{Connection, Row, params};
use slugline_core::drift::Drift;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;
use slugline_engine::store::Found;

use super::column::{At, Col};
use super::dependencies;
use super::fault::Done;
use super::statements::Statements;
use super::tx::Tx;
pub(crate) use crate::change::desired::{Desired, Placing};
use crate::job::JobRow;

/// The row of an item at a destination.
pub(crate) fn load(connection: &Connection, item: i64, destination: i64) -> Done<Option<Desired>> {
    let sql = "SELECT generation, job, shown_generation, shown_job, undisturbed, look_due_at, look_owed, drift, drift_at, drift_seen
               FROM desired WHERE item = ?1 AND destination = ?2";
    connection.one(sql, [item, destination], read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Desired> {
    Ok(Desired {
        generation: Generation(row.get(0)?),
        job: JobId(row.get(1)?),
        shown_generation: row.get::<_, Option<i64>>(2)?.map(Generation),
        shown_job: row.get::<_, Option<i64>>(3)?.map(JobId),
        undisturbed: row.get(4)?,
        look_due_at: row.get::<_, Option<At>>(5)?.map(|at| at.0),
        look_owed: row.get(6)?,
        drift: row.get::<_, Option<Col<Drift>>>(7)?.map(|drift| drift.0),
        drift_at: row.get::<_, Option<At>>(8)?.map(|at| at.0),
        drift_seen: row.get(9)?,
    })
}

/// Gives the job the place, where nothing else can have it.
pub(crate) fn put(tx: &Tx<'_>, placing: &Placing) -> Done<()> {
    let sql = "INSERT INTO desired (item, destination, action, generation, publish, job) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (item, destination) DO UPDATE
               SET action = excluded.action, generation = excluded.generation, publish = excluded.publish, job = excluded.job";
    let (generation, publish) = (placing.generation.0, placing.publish.0);
    tx.run(
        sql,
        params![
            placing.item,
            placing.destination,
            Col(placing.action),
            generation,
            publish,
            placing.job.0
        ],
    )?;
    Ok(())
}

/// A publish none of whose jobs is pending any more waits for nothing. What it waited for is remembered for
/// those that are dead letters: a retry waits again.
pub(crate) fn stop_waiting(tx: &Tx<'_>, publish: PublishId) -> Done<()> {
    // 4: failed.
    let sql = "UPDATE publish SET waits = 0, fetch_at = NULL,
                      held = CASE WHEN waits <> 0 AND EXISTS (SELECT 1 FROM job WHERE publish = ?1 AND state = 4) THEN waits ELSE held END
               WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM job WHERE publish = ?1 AND state = 0)";
    tx.run(sql, [publish.0])?;
    dependencies::forget(tx, publish)
}

/// Notes that a run verified its generation as shown.
pub(crate) fn show(tx: &Tx<'_>, job: &JobRow) -> Done<()> {
    let sql = "UPDATE desired SET shown_generation = ?3, shown_job = ?4, undisturbed = 1, drift = NULL, drift_at = NULL,
                                  drift_seen = NULL, adopted = NULL
               WHERE item = ?1 AND destination = ?2 AND coalesce(shown_generation, 0) <= ?3";
    tx.run(sql, [job.item, job.destination, job.generation.0, job.id.0])?;
    Ok(())
}

/// Notes that something may have been written since it was last verified.
pub(crate) fn disturb(tx: &Tx<'_>, job: &JobRow) -> Done<()> {
    tx.run(
        "UPDATE desired SET undisturbed = 0 WHERE item = ?1 AND destination = ?2",
        [job.item, job.destination],
    )?;
    Ok(())
}

/// Notes that a look is due, not before `due`; a later one that is due already stays, and so does a second
/// one that is `owed`.
pub(crate) fn look_later(tx: &Tx<'_>, job: &JobRow, due: Timestamp, owed: bool) -> Done<()> {
    let sql = "UPDATE desired SET look_due_at = max(coalesce(look_due_at, 0), ?3), look_owed = look_owed OR ?4
               WHERE item = ?1 AND destination = ?2";
    tx.run(sql, params![job.item, job.destination, due.0, owed])?;
    Ok(())
}

/// The look that was due when its run took the lane is done.
pub(crate) fn pay_look(tx: &Tx<'_>, job: &JobRow) -> Done<()> {
    let sql = "UPDATE desired SET look_due_at = NULL, look_owed = 0
               WHERE item = ?1 AND destination = ?2 AND look_due_at <= ?3";
    let taken = job.claimed_at.unwrap_or(tx.now);
    tx.run(sql, [job.item, job.destination, taken.0])?;
    Ok(())
}

/// Notes how what is shown differs from what is desired.
pub(crate) fn drift(tx: &Tx<'_>, job: &JobRow, found: Option<&Found>) -> Done<()> {
    let sql = "UPDATE desired SET drift = ?3, drift_at = CASE WHEN drift IS ?3 THEN drift_at ELSE ?4 END, drift_seen = ?5
               WHERE item = ?1 AND destination = ?2";
    let kind = found.map(|found| Col(found.kind));
    let found_at = found.map(|_| tx.now.0);
    let seen = found.and_then(|found| found.fingerprint.as_ref());
    tx.run(
        sql,
        params![job.item, job.destination, kind, found_at, seen],
    )?;
    Ok(())
}

/// Has the item of an entry looked at for drift after this time, unless a look is to come anyway.
pub(crate) fn check_soon(tx: &Tx<'_>, destination: &str, entry: &str, after: Duration) -> Done<()> {
    let sql = "UPDATE desired SET look_due_at = ?3
               WHERE (item, destination) = (SELECT e.item, d.id FROM destination d JOIN entry e ON e.destination = d.id
                                            WHERE d.name = ?1 AND e.name = ?2)
                 AND NOT look_owed AND coalesce(look_due_at, 0) <= ?4";
    let due = tx.now.plus(after);
    tx.run(sql, params![destination, entry, due.0, tx.now.0])?;
    Ok(())
}
