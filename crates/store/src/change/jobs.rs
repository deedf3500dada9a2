//! The ways in which a job changes state.
//!
//! Ensures that each transition has one place, with its entry and the count of open jobs.

use slugline_core::connector::Shown;
use slugline_core::event::EventType;
use slugline_core::failure::Failure;
use slugline_core::ids::JobId;
use slugline_core::lifecycle::{Evidence, JobState, Queued};

use super::desired::replacement;
use super::{Change, Ledger};
use crate::entry::Entry;
use crate::job::JobRow;

/// Queues it: released, taken back, or to be tried again.
pub(crate) fn queue<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    queued: &Queued,
    failure: Option<&Failure>,
) -> Result<(), L::Fault> {
    ledger.change(job, Change::Queue(queued, failure))?;
    ledger.nudge();
    Ok(())
}

/// Makes it a dead letter.
pub(crate) fn fail<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    failure: &Failure,
) -> Result<(), L::Fault> {
    ledger.change(job, Change::Fail(failure))?;
    ended(ledger, job)?;
    let entry = Entry::of_job(ledger, EventType::PublishFailed, "failed", job);
    ledger.log(entry.failure(Some(failure)))
}

/// A newer generation has taken its place.
pub(crate) fn supersede<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    replaced_by: Option<JobId>,
) -> Result<(), L::Fault> {
    ledger.change(job, Change::Supersede(replaced_by))?;
    ended(ledger, job)?;
    let entry = Entry::of_job(ledger, EventType::Superseded, "superseded", job);
    ledger.log(entry.detail("replaced_by", replaced_by))
}

/// It is as desired.
pub(crate) fn go_live<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    evidence: Evidence,
    shown: &Shown,
) -> Result<(), L::Fault> {
    ledger.change(job, Change::Live(evidence, shown))?;
    ended(ledger, job)?;
    if job.restores.is_some() {
        roll_back_shown(ledger, job)?;
    }
    ledger.show(job)?;
    ledger.arrive(&job.key)?;
    let entry = Entry::of_job(ledger, EventType::PublishSucceeded, "live", job);
    let entry = entry.detail("evidence", evidence);
    ledger.log(entry.downstream(shown.downstream_ids.clone()))
}

/// What was shown until a rollback went live is rolled back now, and not before: it was seen. A rollback that
/// runs again takes nobody's place.
fn roll_back_shown<L: Ledger>(ledger: &mut L, by: &JobRow) -> Result<(), L::Fault> {
    let desired = ledger.desired(by.item, by.destination)?;
    let shown = desired.and_then(|desired| desired.shown_job);
    let Some(shown) = shown.filter(|shown| *shown != by.id) else {
        return Ok(());
    };
    let is_left = |job: &JobRow| job.state == JobState::Live && job.generation < by.generation;
    let Some(bad) = ledger.job(shown)?.filter(is_left) else {
        return Ok(());
    };
    ledger.change(&bad, Change::Set(JobState::RolledBack))?;
    let entry = Entry::of_job(ledger, EventType::RolledBack, "rolled_back", &bad);
    ledger.log(entry.detail("replaced_by", by.id))
}

/// Frees the lane of a job that stays as it is.
pub(crate) fn let_go<L: Ledger>(ledger: &mut L, job: &JobRow) -> Result<(), L::Fault> {
    ledger.change(job, Change::LetGo)?;
    leave_lane(ledger, job)
}

/// Counts it out, if it was open; its lane is free.
pub(super) fn ended<L: Ledger>(ledger: &mut L, job: &JobRow) -> Result<(), L::Fault> {
    if !job.state.is_final() {
        ledger.count_open(-1);
    }
    leave_lane(ledger, job)
}

/// Nudges where something may wait for the lane that it leaves. In a lane of its item's own that is
/// only the job which took its place: a nudge for nothing has every node look for nothing.
fn leave_lane<L: Ledger>(ledger: &mut L, job: &JobRow) -> Result<(), L::Fault> {
    let is_own = job.lane == job.item;
    if job.lease_until.is_some() && (!is_own || replacement(ledger, job)?.is_some()) {
        ledger.nudge();
    }
    Ok(())
}
