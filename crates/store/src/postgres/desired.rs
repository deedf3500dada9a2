//! Desired state: how its rows are locked and written.
//!
//! Ensures that what was shown never goes back (P4): a row is written only by who has locked it, or
//! has the item's lock while there is none.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_postgres::Row;

use super::changes::Wanted;
use super::destinations::micros;
use super::fault::Done;
use super::jobs::small;
use super::session::Session;
use super::times::store_now;
use super::write::{Write, columns, write};
use crate::change::desired::{Desired, Placing};
use crate::record::Record;

/// Locks the rows of the items of jobs (by their ids) at the jobs' destinations.
pub(crate) const LOCK_OF_JOBS: &str =
    "SELECT w.item, w.destination, w.action, w.generation, w.publish, w.job,
           w.shown_generation, w.shown_job, w.undisturbed, w.look_due_at, w.look_owed, w.drift, w.drift_at, w.drift_seen, w.adopted
    FROM desired w JOIN job j ON j.item = w.item AND j.destination = w.destination
    WHERE j.id = ANY($1) ORDER BY w.item, w.destination FOR NO KEY UPDATE OF w";

/// The same, and locks the rows whose look is due at a time (`$2`).
pub(crate) const LOCK_OF_JOBS_AND_LOOKS: &str =
    "SELECT w.item, w.destination, w.action, w.generation, w.publish, w.job,
           w.shown_generation, w.shown_job, w.undisturbed, w.look_due_at, w.look_owed, w.drift, w.drift_at, w.drift_seen, w.adopted
    FROM desired w WHERE (w.item, w.destination) IN (
        SELECT j.item, j.destination FROM job j WHERE j.id = ANY($1)
        UNION SELECT l.item, l.destination FROM destination d JOIN desired l ON l.destination = d.id WHERE l.look_due_at = $2)
    ORDER BY w.item, w.destination FOR NO KEY UPDATE OF w";

/// Parks the looks of jobs (by their ids): they are due at `$2`, when nobody looks.
pub(crate) const PARK: &str = "WITH looked AS (
        SELECT w.item, w.destination FROM desired w JOIN job j ON j.item = w.item AND j.destination = w.destination
        WHERE j.id = ANY($1) ORDER BY w.item, w.destination FOR NO KEY UPDATE OF w)
    UPDATE desired w SET look_due_at = $2 FROM looked l WHERE w.item = l.item AND w.destination = l.destination
    RETURNING w.item";

/// Locks all rows of items.
pub(crate) const LOCK_OF_ITEMS: &str =
    "SELECT w.item, w.destination, w.action, w.generation, w.publish, w.job,
           w.shown_generation, w.shown_job, w.undisturbed, w.look_due_at, w.look_owed, w.drift, w.drift_at, w.drift_seen, w.adopted
    FROM desired w WHERE w.item = ANY($1) ORDER BY w.item, w.destination FOR NO KEY UPDATE";

/// Reads the rows of both.
pub(crate) fn read_all(rows: &[Row]) -> Done<BTreeMap<(i64, i64), Wanted>> {
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Done<((i64, i64), Wanted)> {
    let state = Desired {
        generation: row.read(3)?,
        job: row.read(5)?,
        shown_generation: row.read(6)?,
        shown_job: row.read(7)?,
        undisturbed: row.read(8)?,
        look_due_at: row.read(9)?,
        look_owed: row.read(10)?,
        drift: row.read(11)?,
        drift_at: row.read(12)?,
        drift_seen: row.read(13)?,
    };
    let wanted = Wanted {
        adopted: row.read(14)?,
        state,
        action: row.read(2)?,
        publish: row.read(4)?,
        changed: false,
    };
    Ok(((row.read(0)?, row.read(1)?), wanted))
}

const CHECK_SOON: &str = concat!(
    "UPDATE desired w SET look_due_at = t.now + $3
     FROM destination d JOIN entry e ON e.destination = d.id, (SELECT ",
    store_now!("$4"),
    " AS now) t WHERE d.name = $1 AND e.name = $2 AND w.item = e.item AND w.destination = d.id
        AND NOT w.look_owed AND coalesce(w.look_due_at, 0) <= t.now"
);

/// Has the item of an entry looked at for drift after this time, unless a look is to come anyway.
pub(crate) async fn check_soon(
    session: &Session,
    given: Option<i64>,
    (destination, entry): (&str, &str),
    after: Duration,
) -> Done<()> {
    let after = micros(after);
    session
        .rows(CHECK_SOON, &[&destination, &entry, &after, &given])
        .await?;
    Ok(())
}

/// What is desired once a job has its place; what was shown stays.
pub(crate) fn placed(before: Option<Wanted>, placing: &Placing) -> Wanted {
    let fresh = Desired {
        generation: placing.generation,
        job: placing.job,
        shown_generation: None,
        shown_job: None,
        undisturbed: false,
        look_due_at: None,
        look_owed: false,
        drift: None,
        drift_at: None,
        drift_seen: None,
    };
    let adopted = before.as_ref().and_then(|before| before.adopted.clone());
    let state = before.map_or(fresh, |before| Desired {
        generation: placing.generation,
        job: placing.job,
        ..before.state
    });
    Wanted {
        state,
        adopted,
        action: placing.action,
        publish: placing.publish,
        changed: true,
    }
}

/// The statement that writes changed rows, if there are any.
pub(crate) fn save(desired: &BTreeMap<(i64, i64), Wanted>) -> Option<Write<'static>> {
    let sql = "INSERT INTO desired (item, destination, action, generation, publish, job, shown_generation, shown_job,
                                    undisturbed, look_due_at, look_owed, drift, drift_at, drift_seen, adopted)
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[],
                                    $7::bigint[], $8::bigint[], $9::boolean[], $10::bigint[], $11::boolean[], $12::smallint[], $13::bigint[], $14::text[], $15::text[])
               ON CONFLICT (item, destination) DO UPDATE
               SET action = excluded.action, generation = excluded.generation, publish = excluded.publish,
                   job = excluded.job, shown_generation = excluded.shown_generation, shown_job = excluded.shown_job,
                   undisturbed = excluded.undisturbed, look_due_at = excluded.look_due_at,
                   look_owed = excluded.look_owed, drift = excluded.drift, drift_at = excluded.drift_at,
                   drift_seen = excluded.drift_seen, adopted = excluded.adopted";
    let changed: Vec<_> = desired
        .iter()
        .filter(|(_, wanted)| wanted.changed)
        .collect();
    if changed.is_empty() {
        return None;
    }
    let optional = |of: fn(&Desired) -> Option<i64>| -> Vec<Option<i64>> {
        changed
            .iter()
            .map(|(_, wanted)| of(&wanted.state))
            .collect()
    };
    let items: Vec<i64> = changed.iter().map(|((item, _), _)| *item).collect();
    let destinations: Vec<i64> = changed.iter().map(|((_, at), _)| *at).collect();
    let actions: Vec<i16> = changed
        .iter()
        .map(|(_, wanted)| small(wanted.action))
        .collect();
    let generations: Vec<i64> = changed
        .iter()
        .map(|(_, wanted)| wanted.state.generation.0)
        .collect();
    let publishes: Vec<i64> = changed.iter().map(|(_, wanted)| wanted.publish.0).collect();
    let jobs: Vec<i64> = changed
        .iter()
        .map(|(_, wanted)| wanted.state.job.0)
        .collect();
    let undisturbed: Vec<bool> = changed
        .iter()
        .map(|(_, wanted)| wanted.state.undisturbed)
        .collect();
    let shown = optional(|state| state.shown_generation.map(|generation| generation.0));
    let shown_by = optional(|state| state.shown_job.map(|job| job.0));
    let looks = optional(|state| state.look_due_at.map(|at| at.0));
    let owed: Vec<bool> = changed
        .iter()
        .map(|(_, wanted)| wanted.state.look_owed)
        .collect();
    let drifts: Vec<Option<i16>> = changed
        .iter()
        .map(|(_, wanted)| wanted.state.drift.map(small))
        .collect();
    let found = optional(|state| state.drift_at.map(|at| at.0));
    let seen: Vec<Option<String>> = changed
        .iter()
        .map(|(_, wanted)| wanted.state.drift_seen.clone())
        .collect();
    let adopted: Vec<Option<String>> = changed
        .iter()
        .map(|(_, wanted)| wanted.adopted.clone())
        .collect();
    let columns = columns![
        items,
        destinations,
        actions,
        generations,
        publishes,
        jobs,
        shown,
        shown_by,
        undisturbed,
        looks,
        owed,
        drifts,
        found,
        seen,
        adopted
    ];
    Some(write(sql, columns))
}
