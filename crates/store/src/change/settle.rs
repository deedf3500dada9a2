//! Settling runs.
//!
//! Ensures that only the holder of the fence settles (P7), through `Delivering::settle`; that a run
//! of an older generation is not queued again; and that what it leaves in doubt is owed a look.

use slugline_core::event::EventType;
use slugline_core::exchange::Exchange;
use slugline_core::failure::Failure;
use slugline_core::lifecycle::{JobState, Settled, Verdict};
use slugline_core::time::Timestamp;
use slugline_engine::store::Settlement;

use super::desired::replacement;
use super::{Ledger, jobs};
use crate::entry::Entry;
use crate::job::JobRow;

/// One run, as it is kept.
pub(crate) struct Run<'a> {
    pub(crate) started_at: Timestamp,
    pub(crate) outcome: &'a str,
    pub(crate) requests: u32,
    pub(crate) failure: Option<&'a Failure>,
    pub(crate) exchanges: &'a [Exchange],
}

/// Ends the run of a job whose lease it still has; `false` when its fence is lost after all.
pub(crate) fn settle<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    settlement: &Settlement,
) -> Result<bool, L::Fault> {
    let Some(lease_until) = job.lease_until else {
        return Ok(false);
    };
    let outcome = if job.state == JobState::Delivering {
        let delivering = job.delivering(lease_until);
        let Ok(settled) = delivering.settle(settlement.fence, settlement.verdict.clone()) else {
            return Ok(false);
        };
        end_delivery(ledger, job, settlement, settled)?
    } else if owes_look(ledger, job)? {
        end_look(ledger, job, settlement)?;
        "second_look"
    } else {
        end_check(ledger, job, settlement)?;
        "check"
    };
    let run = Run {
        started_at: settlement.started_at,
        outcome,
        requests: settlement.requests,
        failure: failure_of(&settlement.verdict),
        exchanges: &settlement.exchanges,
    };
    ledger.keep_run(job, &run)?;
    note_doubt(ledger, job, settlement)?;
    ledger.end_holds(job.id)?;
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
fn end_delivery<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    settlement: &Settlement,
    settled: Settled,
) -> Result<&'static str, L::Fault> {
    match settled {
        Settled::Live(evidence) => {
            let shown = settlement.shown.clone().unwrap_or_default();
            jobs::go_live(ledger, job, evidence, &shown)?;
            Ok("live")
        }
        Settled::Queued(queued, failure) => {
            if let Some(newer) = replacement(ledger, job)? {
                jobs::supersede(ledger, job, Some(newer))?;
                return Ok("superseded");
            }
            let put_back = matches!(settlement.verdict, Verdict::PutBack { .. });
            let (kind, outcome) = if put_back {
                (EventType::DeliveryPutBack, "put_back")
            } else {
                (EventType::DeliveryRetry, "retry")
            };
            let entry = Entry::of_job(ledger, kind, outcome, job).failure(Some(&failure));
            ledger.log(entry.detail("due", queued.due))?;
            jobs::queue(ledger, job, &queued, Some(&failure))?;
            Ok(outcome)
        }
        Settled::Failed(failure) => {
            jobs::fail(ledger, job, &failure)?;
            Ok("failed")
        }
        Settled::Superseded => {
            let newer = replacement(ledger, job)?;
            jobs::supersede(ledger, job, newer)?;
            Ok("superseded")
        }
    }
}

/// Whether a look at a job is its second one; else it is one for drift.
pub(super) fn owes_look<L: Ledger>(ledger: &mut L, job: &JobRow) -> Result<bool, L::Fault> {
    let desired = ledger.desired(job.item, job.destination)?;
    Ok(desired.is_some_and(|desired| desired.look_owed))
}

/// Ends a look for drift, which changes nothing but what is known.
fn end_check<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    settlement: &Settlement,
) -> Result<(), L::Fault> {
    jobs::let_go(ledger, job)?;
    if let Verdict::Retry { at, .. } | Verdict::PutBack { at, .. } = &settlement.verdict {
        return ledger.look_later(job, *at);
    }
    let desired = ledger.desired(job.item, job.destination)?;
    let known = desired.as_ref().and_then(|desired| desired.drift);
    let seen = desired
        .as_ref()
        .and_then(|desired| desired.drift_seen.as_ref());
    let (kind, now_seen) = match &settlement.drift {
        Some(found) => (Some(found.kind), found.fingerprint.as_ref()),
        None => (None, None),
    };
    if known == kind && seen == now_seen {
        return Ok(());
    }
    ledger.drift(job, settlement.drift.as_ref())?;
    if known == kind {
        return Ok(());
    }
    let entry = match kind {
        Some(drift) => Entry::of_job(ledger, EventType::DriftFound, drift.as_str(), job),
        None => Entry::of_job(ledger, EventType::DriftEnded, "in_sync", job),
    };
    ledger.log(entry)
}

/// Ends a second look. The job keeps the state that it ended in, unless the look found otherwise.
fn end_look<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    settlement: &Settlement,
) -> Result<(), L::Fault> {
    match &settlement.verdict {
        Verdict::Live(evidence) if matches!(job.state, JobState::Live | JobState::Failed) => {
            let shown = settlement.shown.clone().unwrap_or_default();
            jobs::go_live(ledger, job, *evidence, &shown)?;
        }
        // What a person ended stays ended; the log has what the look found.
        Verdict::Dead(failure) if !is_ended_by_a_person(job) => jobs::fail(ledger, job, failure)?,
        Verdict::Retry { at, .. } | Verdict::PutBack { at, .. } => {
            jobs::let_go(ledger, job)?;
            if !settlement.looked {
                ledger.look_later(job, *at)?;
            }
        }
        Verdict::Live(_) | Verdict::Superseded | Verdict::Dead(_) => jobs::let_go(ledger, job)?,
    }
    if !settlement.looked {
        return Ok(());
    }
    let outcome = if matches!(settlement.verdict, Verdict::Dead(_)) {
        "failed"
    } else {
        "done"
    };
    let entry = Entry::of_job(ledger, EventType::SecondLookDone, outcome, job);
    ledger.log(entry.failure(failure_of(&settlement.verdict)))
}

fn is_ended_by_a_person(job: &JobRow) -> bool {
    matches!(job.state, JobState::Skipped | JobState::Cancelled)
}

fn note_doubt<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    settlement: &Settlement,
) -> Result<(), L::Fault> {
    if settlement.looked {
        ledger.pay_look(job)?;
    }
    if settlement.wrote && !matches!(settlement.verdict, Verdict::Live(_)) {
        ledger.disturb(job)?;
    }
    match settlement.look_after {
        Some(after) => ledger.owe_look(job, ledger.now().plus(after)),
        None => Ok(()),
    }
}
