//! Slots: when publishes may begin at destinations that have a pace.
//!
//! Ensures that a job which must wait is due when its slot comes, so that it is met once and not by
//! each claim; and that a newer generation takes over the slot of the one whose place it takes.

use rusqlite::params;
use slugline_core::item::Class;
use slugline_core::pace::{Pace, Slots};
use slugline_core::time::Timestamp;

use super::column::At;
use super::destinations::Known;
use super::fault::Done;
use super::jobs::JobRow;
use super::statements::Statements;
use super::tx::Tx;

/// Whether it waits for slots at all: what is urgent and what removes does not.
fn waits(job: &JobRow) -> bool {
    job.class != Class::Urgent && !job.action.removes()
}

/// The pace that a job has to keep, if it has not begun.
fn pace<'k>(destination: &'k Known, job: &JobRow) -> Option<&'k Pace> {
    destination.pace.as_ref().filter(|_| job.fence.0 == 0)
}

/// Has a job wait for its slot, if that has not come; whether it waits.
pub(crate) fn hold_back(tx: &Tx<'_>, destination: &Known, job: &JobRow) -> Done<bool> {
    let Some(pace) = pace(destination, job).filter(|_| waits(job)) else {
        return Ok(false);
    };
    let (mut slots, reserved) = (load(tx, destination)?, reserved(tx, job)?);
    let at = slots.turn(pace, reserved, tx.now);
    save(tx, destination, slots)?;
    let sql = "UPDATE desired SET slot_at = ?3 WHERE item = ?1 AND destination = ?2";
    tx.run(sql, [job.item, job.destination, at.0])?;
    if at <= tx.now {
        return Ok(false);
    }
    // Its deadline counts from its slot.
    let sql = "UPDATE job SET due = ?2, released_at = ?2 WHERE id = ?1";
    tx.run(sql, [job.id.0, at.0])?;
    Ok(true)
}

/// Notes that a job has begun.
pub(crate) fn begun(tx: &Tx<'_>, destination: &Known, job: &JobRow) -> Done<()> {
    let Some(pace) = pace(destination, job) else {
        return Ok(());
    };
    let mut slots = load(tx, destination)?;
    match waits(job) {
        true => slots.began = Some(tx.now),
        false => slots.jump(pace, tx.now),
    }
    save(tx, destination, slots)?;
    let sql = "UPDATE desired SET slot_at = NULL WHERE item = ?1 AND destination = ?2";
    tx.run(sql, [job.item, job.destination]).map(drop)
}

/// Takes all slots back: the pace is another now. Who had one asks again.
pub(crate) fn take_back(tx: &Tx<'_>, destination: i64) -> Done<()> {
    let sql = "UPDATE job SET due = ?2, released_at = ?2
               WHERE state = 1 AND id IN (SELECT job FROM desired WHERE destination = ?1 AND slot_at IS NOT NULL)";
    tx.run(sql, [destination, tx.now.0])?;
    let sql = "UPDATE desired SET slot_at = NULL WHERE destination = ?1 AND slot_at IS NOT NULL";
    tx.run(sql, [destination])?;
    let sql = "UPDATE destination SET next_slot_at = NULL WHERE id = ?1";
    tx.run(sql, [destination])?;
    tx.nudge();
    Ok(())
}

fn load(tx: &Tx<'_>, destination: &Known) -> Done<Slots> {
    let sql = "SELECT next_slot_at, began_at FROM destination WHERE id = ?1";
    let found = tx.one(sql, [destination.id], |row| {
        Ok(Slots {
            next: row.get::<_, Option<At>>(0)?.map(|at| at.0),
            began: row.get::<_, Option<At>>(1)?.map(|at| at.0),
        })
    })?;
    Ok(found.unwrap_or_default())
}

fn save(tx: &Tx<'_>, destination: &Known, slots: Slots) -> Done<()> {
    let sql = "UPDATE destination SET next_slot_at = ?2, began_at = ?3 WHERE id = ?1";
    let values = params![destination.id, slots.next.map(At), slots.began.map(At)];
    tx.run(sql, values).map(drop)
}

fn reserved(tx: &Tx<'_>, job: &JobRow) -> Done<Option<Timestamp>> {
    let sql = "SELECT slot_at FROM desired WHERE item = ?1 AND destination = ?2";
    let found = tx.one(sql, [job.item, job.destination], |row| {
        row.get::<_, Option<At>>(0)
    })?;
    Ok(found.flatten().map(|at| at.0))
}
