//! Having a generation that is desired run again.
//!
//! Ensures that only the generation that is desired runs again, once at a time, and what a person ended
//! does not; desired state keeps its generation, so that nothing goes back (P4).

use slugline_core::event::EventType;
use slugline_core::ids::{Fence, JobId};
use slugline_core::lifecycle::JobState;
use slugline_core::replay::{Relevance, Standing, relevance};
use slugline_core::time::Timestamp;
use slugline_engine::store::{Rerun, RerunOutcome};

use super::Ledger;
use super::desired::{Desired, Placing, place};
use crate::entry::Entry;
use crate::job::JobRow;

/// The job that is to be inserted under an id of its own and then handed to [`begin`], or why none is.
pub(crate) fn prepare<L: Ledger>(
    ledger: &mut L,
    (item, destination): (i64, i64),
    rerun: &Rerun,
) -> Result<Result<JobRow, RerunOutcome>, L::Fault> {
    let Some(desired) = ledger.desired(item, destination)? else {
        return Ok(Err(RerunOutcome::NotDesired));
    };
    if desired.generation != rerun.generation {
        return Ok(Err(RerunOutcome::Superseded(desired.generation)));
    }
    let Some(last) = ledger.job(desired.job)? else {
        return Ok(Err(RerunOutcome::NotDesired));
    };
    Ok(match last.state {
        state if !state.is_final() => Err(RerunOutcome::Open(last.id)),
        state @ (JobState::Skipped | JobState::Cancelled) => Err(RerunOutcome::Ended(state)),
        _ if let Some(why) = irrelevant(&desired, &last, rerun, ledger.now()) => {
            Err(RerunOutcome::Left(why))
        }
        _ => Ok(JobRow {
            class: rerun.class,
            state: JobState::Queued,
            due: ledger.now(),
            released_at: Some(ledger.now()),
            overwrites: Some(rerun.overwrites),
            attempts: 0,
            fence: Fence(0),
            lease_until: None,
            claimed_at: None,
            ..last
        }),
    })
}

/// What speaks against an event that is to run only if it is relevant.
fn irrelevant(
    desired: &Desired,
    last: &JobRow,
    rerun: &Rerun,
    now: Timestamp,
) -> Option<Relevance> {
    let (mode, receiver) = rerun.if_relevant.as_ref()?;
    let standing = Standing {
        desired: desired.generation,
        state: last.state,
        tried: last.attempts > 0,
        released_at: last.published_at,
        drift: desired.drift,
    };
    let found = relevance(
        *mode,
        rerun.generation,
        Some(&standing),
        Some(receiver),
        now,
    );
    (found != Relevance::Relevant).then_some(found)
}

/// Gives a job of [`prepare`] that is known by its id its place.
pub(crate) fn begin<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    rerun: &Rerun,
) -> Result<JobId, L::Fault> {
    place(ledger, &Placing::of(job))?;
    ledger.count_open(1);
    let entry = Entry::of_job(ledger, EventType::RerunQueued, "queued", job);
    ledger.log(entry.actor(&rerun.actor).detail("cause", &rerun.cause))?;
    ledger.nudge();
    Ok(job.id)
}
