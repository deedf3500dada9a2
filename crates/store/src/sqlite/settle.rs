//! Settling runs.
//!
//! Ensures that only the holder of the fence settles (P7), through `Delivering::settle`; that a run
//! of an older generation is not queued again; and that what it leaves in doubt is owed a look.

use rusqlite::params;
use slugline_core::event::EventType;
use slugline_core::failure::Failure;
use slugline_core::ids::{Fence, JobId};
use slugline_core::lifecycle::{Evidence, JobState, Settled, Verdict};
use slugline_core::time::Timestamp;
use slugline_engine::store::{Lease, Settlement};

use super::column::{Col, Json};
use super::desired;
use super::fault::Done;
use super::jobs::{self, JobRow};
use super::log::Entry;
use super::statements::Statements;
use super::tx::Tx;

/// Ends runs; `false` for those whose fence is lost.
pub(crate) fn settle(tx: &Tx<'_>, settlements: &[Settlement]) -> Done<Vec<bool>> {
    settlements
        .iter()
        .map(|settlement| settle_one(tx, settlement))
        .collect()
}

fn settle_one(tx: &Tx<'_>, settlement: &Settlement) -> Done<bool> {
    let Some(job) = jobs::leased(tx, settlement.job, settlement.fence)? else {
        return Ok(false);
    };
    let Some(lease_until) = job.lease_until else {
        return Ok(false);
    };
    let outcome = if job.state == JobState::Delivering {
        let delivering = job.delivering(lease_until);
        let Ok(settled) = delivering.settle(settlement.fence, settlement.verdict.clone()) else {
            return Ok(false);
        };
        end_delivery(tx, &job, settlement, settled)?
    } else {
        end_look(tx, &job, settlement)?;
        "second_look"
    };
    let failure = failure_of(&settlement.verdict);
    let run = Run {
        started_at: settlement.started_at,
        outcome,
        requests: settlement.requests,
        failure,
    };
    record_attempt(tx, &job, &run)?;
    note_doubt(tx, &job, settlement)?;
    tx.run("DELETE FROM hold WHERE job = ?1", [job.id.0])?;
    Ok(true)
}

fn failure_of(verdict: &Verdict) -> Option<&Failure> {
    match verdict {
        Verdict::Retry { failure, .. }
        | Verdict::PutBack { failure, .. }
        | Verdict::Dead(failure) => Some(failure),
        Verdict::Live(_) | Verdict::Superseded => None,
    }
}

/// Moves a delivering job on; the outcome as attempts show it.
fn end_delivery(
    tx: &Tx<'_>,
    job: &JobRow,
    settlement: &Settlement,
    settled: Settled,
) -> Done<&'static str> {
    match settled {
        Settled::Live(evidence) => {
            go_live(tx, job, settlement, evidence)?;
            Ok("live")
        }
        Settled::Queued(queued, failure) => {
            if let Some(newer) = replacement(tx, job)? {
                job.supersede(tx, Some(newer))?;
                return Ok("superseded");
            }
            let put_back = matches!(settlement.verdict, Verdict::PutBack { .. });
            let (kind, outcome) = if put_back {
                (EventType::DeliveryPutBack, "put_back")
            } else {
                (EventType::DeliveryRetry, "retry")
            };
            Entry::of_job(tx, kind, outcome, job)
                .failure(Some(&failure))
                .detail("due", queued.due)
                .write(tx)?;
            job.queue(tx, &queued, Some(&failure))?;
            Ok(outcome)
        }
        Settled::Failed(failure) => {
            job.fail(tx, &failure)?;
            Ok("failed")
        }
        Settled::Superseded => {
            let newer = replacement(tx, job)?;
            job.supersede(tx, newer)?;
            Ok("superseded")
        }
    }
}

/// The job that has taken this one's place at its destination, if one has.
pub(crate) fn replacement(tx: &Tx<'_>, job: &JobRow) -> Done<Option<JobId>> {
    let desired = desired::load(tx, job.item, job.destination)?;
    Ok(desired
        .map(|desired| desired.job)
        .filter(|newer| *newer != job.id))
}

fn go_live(tx: &Tx<'_>, job: &JobRow, settlement: &Settlement, evidence: Evidence) -> Done<()> {
    let shown = settlement.shown.clone().unwrap_or_default();
    let sql = "UPDATE job SET state = 3, lease_until = NULL, live_at = coalesce(live_at, ?2), evidence = ?3, shown = ?4,
               failure = NULL WHERE id = ?1";
    tx.run(
        sql,
        params![job.id.0, tx.now.0, Col(evidence), Json(&shown)],
    )?;
    job.ended(tx);
    desired::show(tx, job)?;
    let entry =
        Entry::of_job(tx, EventType::PublishSucceeded, "live", job).detail("evidence", evidence);
    entry.downstream(shown.downstream_ids).write(tx)
}

/// Ends a second look. The job keeps the state that it ended in, unless the look found otherwise.
fn end_look(tx: &Tx<'_>, job: &JobRow, settlement: &Settlement) -> Done<()> {
    match &settlement.verdict {
        Verdict::Live(evidence) if matches!(job.state, JobState::Live | JobState::Failed) => {
            go_live(tx, job, settlement, *evidence)?;
        }
        Verdict::Dead(failure) => job.fail(tx, failure)?,
        Verdict::Retry { at, .. } | Verdict::PutBack { at, .. } => {
            let_go(tx, job)?;
            if !settlement.looked {
                desired::owe_look(tx, job, *at)?;
            }
        }
        Verdict::Live(_) | Verdict::Superseded => let_go(tx, job)?,
    }
    if !settlement.looked {
        return Ok(());
    }
    let outcome = if matches!(settlement.verdict, Verdict::Dead(_)) {
        "failed"
    } else {
        "done"
    };
    Entry::of_job(tx, EventType::SecondLookDone, outcome, job)
        .failure(failure_of(&settlement.verdict))
        .write(tx)
}

/// Frees the lane of a job that stays as it is.
pub(crate) fn let_go(tx: &Tx<'_>, job: &JobRow) -> Done<()> {
    tx.run(
        "UPDATE job SET lease_until = NULL WHERE id = ?1",
        [job.id.0],
    )?;
    tx.nudge();
    Ok(())
}

fn note_doubt(tx: &Tx<'_>, job: &JobRow, settlement: &Settlement) -> Done<()> {
    if settlement.looked {
        desired::pay_look(tx, job)?;
    }
    if settlement.wrote && !matches!(settlement.verdict, Verdict::Live(_)) {
        desired::disturb(tx, job)?;
    }
    match settlement.look_after {
        Some(after) => desired::owe_look(tx, job, tx.now.plus(after)),
        None => Ok(()),
    }
}

/// One run, as it is kept.
pub(crate) struct Run<'a> {
    pub(crate) started_at: Timestamp,
    pub(crate) outcome: &'a str,
    pub(crate) requests: u32,
    pub(crate) failure: Option<&'a Failure>,
}

/// Keeps a run in the job's history.
pub(crate) fn record_attempt(tx: &Tx<'_>, job: &JobRow, run: &Run<'_>) -> Done<()> {
    let sql = "INSERT INTO attempt (job, number, started_at, ended_at, outcome, requests, failure)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (number, ended_at) = (job.fence.0, tx.now.0);
    tx.run(
        sql,
        params![
            job.id.0,
            number,
            run.started_at.0,
            ended_at,
            run.outcome,
            run.requests,
            run.failure.map(Json)
        ],
    )?;
    Ok(())
}

/// Prolongs leases; `false` for those that are lost.
pub(crate) fn renew(tx: &Tx<'_>, leases: &[Lease]) -> Done<Vec<bool>> {
    leases.iter().map(|lease| renew_one(tx, lease)).collect()
}

fn renew_one(tx: &Tx<'_>, lease: &Lease) -> Done<bool> {
    let (until, Fence(fence)) = (tx.now.plus(lease.lease), lease.fence);
    let sql =
        "UPDATE job SET lease_until = ?3 WHERE id = ?1 AND fence = ?2 AND lease_until IS NOT NULL";
    Ok(tx.run(sql, [lease.job.0, fence, until.0])? > 0)
}
