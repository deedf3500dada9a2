//! The effect journal, and the short leases on what items share.
//!
//! Ensures that an effect is recorded only by a run that still has its lease, and that one run at a
//! time works on a shared thing.

use rusqlite::{Connection, params};
use slugline_core::event::EventType;
use slugline_core::port::{ENTRY, EffectKey};
use slugline_engine::store::{EffectChange, Hold, OwnEntry};

use super::fault::Done;
use super::jobs::{self, JobRow};
use super::log::Entry;
use super::statements::Statements;
use super::tx::Tx;
use crate::views::content as views;

/// The item under which shared effects are kept.
const SHARED: i64 = 0;

/// Remembers or forgets effects; `false` for runs that lost their lease.
pub(crate) fn record(tx: &Tx<'_>, changes: &[EffectChange]) -> Done<Vec<bool>> {
    changes
        .iter()
        .map(|change| record_one(tx, change))
        .collect()
}

fn record_one(tx: &Tx<'_>, change: &EffectChange) -> Done<bool> {
    let Some(job) = jobs::leased(tx, change.job, change.fence)? else {
        return Ok(false);
    };
    let key = change.key.to_string();
    let item = if matches!(change.key, EffectKey::Item(_)) {
        job.item
    } else {
        SHARED
    };
    if let Some(name) = change.result_ref.as_ref().filter(|_| change.key == ENTRY) {
        let sql = "INSERT OR REPLACE INTO entry (destination, name, item) VALUES (?1, ?2, ?3)";
        tx.run(sql, params![job.destination, name, job.item])?;
    }
    let entry = match &change.result_ref {
        Some(result_ref) => {
            remember(tx, &job, item, &key, result_ref)?;
            Entry::of_job(tx, EventType::EffectRecorded, "recorded", &job)
                .downstream([(key, result_ref.clone())].into())
        }
        None => {
            tx.run(
                "DELETE FROM effect WHERE destination = ?1 AND item = ?2 AND key = ?3",
                params![job.destination, item, key],
            )?;
            Entry::of_job(tx, EventType::EffectRecorded, "forgotten", &job).detail("effect", key)
        }
    };
    entry.write(tx)?;
    Ok(true)
}

fn remember(tx: &Tx<'_>, job: &JobRow, item: i64, key: &str, result_ref: &str) -> Done<()> {
    let sql = "INSERT INTO effect (destination, item, key, result_ref, job, recorded_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (destination, item, key) DO UPDATE
               SET result_ref = excluded.result_ref, job = excluded.job, recorded_at = excluded.recorded_at";
    tx.run(
        sql,
        params![job.destination, item, key, result_ref, job.id.0, tx.now.0],
    )?;
    Ok(())
}

/// The item whose entry has one of these names at a destination, or had.
pub(crate) fn owner(
    connection: &Connection,
    destination: &str,
    names: &[String],
) -> Done<Option<OwnEntry>> {
    let sql = format!("{} WHERE d.name = ?1 AND e.name = ?2", views::SELECT_OWN);
    for name in names {
        if let Some(own) = connection.one(&sql, [destination, name], |row| views::own(row))? {
            return Ok(Some(own));
        }
    }
    Ok(None)
}

/// The result of a shared effect at a destination.
pub(crate) fn shared(
    connection: &Connection,
    destination: &str,
    key: &str,
) -> Done<Option<String>> {
    let sql = "SELECT e.result_ref FROM destination d JOIN effect e ON e.destination = d.id
               WHERE d.name = ?1 AND e.item = ?2 AND e.key = ?3";
    connection.one(sql, params![destination, SHARED, key], |row| row.get(0))
}

/// Takes short leases on shared things; `false` while another run has it, or without a lease.
pub(crate) fn hold(tx: &Tx<'_>, holds: &[Hold]) -> Done<Vec<bool>> {
    holds.iter().map(|hold| hold_one(tx, hold)).collect()
}

fn hold_one(tx: &Tx<'_>, hold: &Hold) -> Done<bool> {
    let Some(job) = jobs::leased(tx, hold.job, hold.fence)? else {
        return Ok(false);
    };
    let key = hold.key.to_string();
    // A hold ends with its run: one whose run was settled or taken back counts no more.
    let sql = "SELECT 1 FROM hold h JOIN job j ON j.id = h.job AND j.fence = h.fence AND j.lease_until IS NOT NULL
               WHERE h.destination = ?1 AND h.key = ?2 AND h.job <> ?3";
    if tx
        .one(sql, params![job.destination, key, job.id.0], |_| Ok(()))?
        .is_some()
    {
        return Ok(false);
    }
    let sql = "INSERT INTO hold (destination, key, job, fence) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (destination, key) DO UPDATE SET job = excluded.job, fence = excluded.fence";
    tx.run(sql, params![job.destination, key, job.id.0, job.fence.0])?;
    Ok(true)
}
