//! Claiming second looks.
//!
//! Ensures that a look takes the lane like any run, keeps the state that the job ended in, and comes
//! only once the newest job of its item at its destination has ended, and not while that is paused.

use rusqlite::params;
use slugline_core::event::EventType;
use slugline_core::ids::{Fence, JobId};
use slugline_core::lifecycle::Delivering;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Claimed, Want};

use super::claim::{LOOKS_AGAIN, Taken, earlier};
use super::column::At;
use super::destinations::Known;
use super::fault::Done;
use super::jobs::{self, LANE_IS_FREE};
use super::log::Entry;
use super::pauses::{self, Active};
use super::statements::Statements;
use super::task;
use super::tx::Tx;

/// Takes looks that are due, for each want.
pub(crate) fn claim(tx: &Tx<'_>, wants: &[Want]) -> Done<Claimed> {
    let (mut claimed, pauses) = (Claimed::default(), Active::read(tx)?);
    for want in wants {
        if pauses.stops(&want.destination) {
            continue;
        }
        let Some(destination) = tx.destination(&want.destination)? else {
            continue;
        };
        fill(tx, &destination, want, &pauses, &mut claimed)?;
        claimed.next_due = earlier(claimed.next_due, next_due(tx, &destination)?);
    }
    Ok(claimed)
}

/// Takes what a want has room for. Looks at what is paused are parked on the way.
fn fill(
    tx: &Tx<'_>,
    destination: &Known,
    want: &Want,
    pauses: &Active,
    claimed: &mut Claimed,
) -> Done<()> {
    let mut left = want.limit;
    for _ in 0..LOOKS_AGAIN {
        let mut aside = false;
        for job in due(tx, destination, left)? {
            match take(tx, job, want, pauses)? {
                Taken::Claimed(job) => {
                    claimed.jobs.push(*job);
                    left -= 1;
                }
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

fn due(tx: &Tx<'_>, destination: &Known, limit: usize) -> Done<Vec<JobId>> {
    let sql = format!(
        "SELECT j.id FROM desired w JOIN job j ON j.id = w.job
         WHERE w.destination = ?1 AND w.look_due_at <= ?2 AND j.state >= 3 AND {LANE_IS_FREE}
         ORDER BY w.look_due_at LIMIT ?3"
    );
    tx.all(&sql, params![destination.id, tx.now.0, limit], |row| {
        row.get(0).map(JobId)
    })
}

fn take(tx: &Tx<'_>, id: JobId, want: &Want, pauses: &Active) -> Done<Taken> {
    let Some(job) = jobs::load(tx, id)? else {
        return Ok(Taken::Not);
    };
    if pauses.stops_class(job.class) || pauses.covers(tx, &job)? {
        return pauses::park(tx, &job).map(|()| Taken::Aside);
    }
    let until = tx.now.plus(want.lease);
    // Its attempts stay: a look is not another try.
    let taken = Delivering {
        attempts: job.attempts,
        fence: Fence(job.fence.0 + 1),
        lease_until: until,
    };
    let sql = format!(
        "UPDATE job AS j SET fence = ?2, lease_until = ?3, claimed_at = ?4 WHERE id = ?1 AND {LANE_IS_FREE}"
    );
    if tx.run(&sql, params![id.0, taken.fence.0, until.0, tx.now.0])? == 0 {
        return Ok(Taken::Not);
    }
    Entry::of_job(tx, EventType::DeliveryStarted, "second_look", &job).write(tx)?;
    let ended = job.state;
    let job = task::gather(tx, job, &taken, want.lease, Some(ended))?;
    Ok(Taken::Claimed(Box::new(job)))
}

fn next_due(tx: &Tx<'_>, destination: &Known) -> Done<Option<Timestamp>> {
    let sql = "SELECT min(look_due_at) FROM desired WHERE destination = ?1 AND look_due_at > ?2";
    let next = tx.one(sql, params![destination.id, tx.now.0], |row| {
        row.get::<_, Option<At>>(0)
    })?;
    Ok(next.flatten().map(|at| at.0))
}
