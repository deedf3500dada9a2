//! Taking back jobs whose run is lost, and giving up those whose deadline has passed.
//!
//! Ensures that a lost run's writes count as unknown (its lane owes a second look), and that no job
//! stays queued for ever.

use slugline_core::event::EventType;
use slugline_core::failure::Failure;
use slugline_core::lifecycle::{JobState, Queued};
use slugline_core::pause::out_of_patience_before;
use slugline_core::reason::Reason;
use slugline_engine::store::Deadline;

use super::desired::replacement;
use super::settle::{Run, owes_look};
use super::{Ledger, jobs};
use crate::entry::Entry;
use crate::job::JobRow;
use crate::pause::{Stop, stops_of};

/// Takes a job back whose lease ended a request timeout ago; whether it had.
pub(crate) fn rescue<L: Ledger>(ledger: &mut L, job: &JobRow) -> Result<bool, L::Fault> {
    let Some(lease_until) = job.lease_until else {
        return Ok(false);
    };
    let delivering = job.delivering(lease_until);
    let Ok(queued) = delivering.rescue(ledger.now(), job.request_timeout) else {
        return Ok(false);
    };
    ledger.log(Entry::of_job(
        ledger,
        EventType::LeaseRescued,
        "rescued",
        job,
    ))?;
    ledger.end_holds(job.id)?;
    if job.state == JobState::Delivering {
        take_back(ledger, job, &queued)?;
    } else {
        jobs::let_go(ledger, job)?;
        if !owes_look(ledger, job)? {
            // It only read; it is due as it was.
            return Ok(true);
        }
    }
    ledger.disturb(job)?;
    if let Some(window) = job.commit_window {
        ledger.owe_look(job, ledger.now().plus(window))?;
    }
    Ok(true)
}

fn take_back<L: Ledger>(ledger: &mut L, job: &JobRow, queued: &Queued) -> Result<(), L::Fault> {
    let failure = Failure::new(Reason::Interrupted, "the run's lease ran out");
    match replacement(ledger, job)? {
        Some(newer) => jobs::supersede(ledger, job, Some(newer))?,
        None => jobs::queue(ledger, job, queued, Some(&failure))?,
    }
    let run = Run {
        started_at: job.claimed_at.unwrap_or(ledger.now()),
        outcome: "rescued",
        requests: 0,
        failure: Some(&failure),
        exchanges: &[],
    };
    ledger.keep_run(job, &run)
}

/// Makes a dead letter of a job that is still queued past its class's deadline; whether it was.
/// `last`: why its last run failed. `stops`: what was stopped, and when; that time does not count.
pub(crate) fn expire<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    last: Option<&Failure>,
    deadlines: &[Deadline],
    stops: &[Stop],
) -> Result<bool, L::Fault> {
    let patience = Deadline::of(job.class, deadlines);
    let (JobState::Queued, Some(after), Some(released_at)) = (job.state, patience, job.released_at)
    else {
        return Ok(false);
    };
    let stopped = stops_of(stops, &job.destination_name, job.class);
    if released_at >= out_of_patience_before(ledger.now(), after, &stopped) {
        return Ok(false);
    }
    let message = format!(
        "still queued {} s after its release{}",
        after.as_secs(),
        last.map(named).unwrap_or_default()
    );
    jobs::fail(
        ledger,
        job,
        &Failure::new(Reason::DeadlineExceeded, message),
    )?;
    Ok(true)
}

fn named(last: &Failure) -> String {
    format!(
        "; it failed last with {}: {}",
        last.reason.code(),
        last.message
    )
}
