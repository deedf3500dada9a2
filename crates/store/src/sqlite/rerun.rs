//! Having generations that are desired run again.
//!
//! Ensures that each is decided on in the transaction that queues it. What it means is in `change`.

use rusqlite::params;
use slugline_core::ids::JobId;
use slugline_engine::store::{Rerun, RerunOutcome};

use super::column::Col;
use super::fault::Done;
use super::items;
use super::jobs::JobRow;
use super::statements::Statements;
use super::tx::Tx;
use crate::accepting::item_name;
use crate::change::rerun::{begin, prepare};

/// Queues what can be; one outcome each, in order.
pub(crate) fn rerun(tx: &Tx<'_>, reruns: &[Rerun]) -> Done<Vec<RerunOutcome>> {
    reruns.iter().map(|rerun| rerun_one(tx, rerun)).collect()
}

fn rerun_one(mut tx: &Tx<'_>, rerun: &Rerun) -> Done<RerunOutcome> {
    let item = items::find(tx, item_name(&rerun.item), &rerun.item)?.ok();
    let destination = tx.destination(&rerun.destination)?;
    let (Some(item), Some(destination)) = (item, destination) else {
        return Ok(RerunOutcome::NotDesired);
    };
    match prepare(&mut tx, (item.id, destination.id), rerun)? {
        Ok(job) => {
            let job = insert(tx, job)?;
            tx.did(job.class);
            begin(&mut tx, &job, rerun).map(RerunOutcome::Queued)
        }
        Err(outcome) => Ok(outcome),
    }
}

fn insert(tx: &Tx<'_>, job: JobRow) -> Done<JobRow> {
    let sql = "INSERT INTO job (publish, item, destination, lane, generation, action, class, state, due, released_at, overwrites)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    tx.run(
        sql,
        params![
            job.publish.0,
            job.item,
            job.destination,
            job.lane,
            job.generation.0,
            Col(job.action),
            Col(job.class),
            Col(job.state),
            job.due.0,
            job.released_at.map(|at| at.0),
            job.overwrites
        ],
    )?;
    let id = JobId(tx.last_insert_rowid());
    Ok(JobRow { id, ..job })
}
