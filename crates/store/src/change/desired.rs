//! Desired state, and what was last verified of it.
//!
//! Ensures that only a newer generation takes an older one's place, and that a queued job is always
//! the one that its desired row names.

use slugline_core::drift::Drift;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::item::Action;
use slugline_core::lifecycle::JobState;
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use super::{Change, Ledger, jobs};
use crate::job::JobRow;

/// What is desired of an item at a destination.
#[derive(Clone)]
pub(crate) struct Desired {
    pub(crate) generation: Generation,
    pub(crate) job: JobId,
    pub(crate) shown_generation: Option<Generation>,
    pub(crate) shown_job: Option<JobId>,
    pub(crate) undisturbed: bool,
    pub(crate) look_due_at: Option<Timestamp>,
    pub(crate) look_owed: bool,
    pub(crate) drift: Option<Drift>,
    pub(crate) drift_at: Option<Timestamp>,
    /// The fingerprint of what has drifted.
    pub(crate) drift_seen: Option<String>,
}

/// A released job that wants its item's place at its destination.
pub(crate) struct Placing {
    pub(crate) job: JobId,
    pub(crate) publish: PublishId,
    pub(crate) item: i64,
    pub(crate) destination: i64,
    pub(crate) generation: Generation,
    pub(crate) action: Action,
}

impl Placing {
    /// The place that a job wants.
    pub(crate) fn of(job: &JobRow) -> Self {
        Self {
            job: job.id,
            publish: job.publish,
            item: job.item,
            destination: job.destination,
            generation: job.generation,
            action: job.action,
        }
    }
}

/// Gives the job its place; older jobs that have not started are superseded, others are marked as
/// replaced. `Some`: a newer generation has the place already, with this job.
pub(crate) fn place<L: Ledger>(
    ledger: &mut L,
    placing: &Placing,
) -> Result<Option<JobId>, L::Fault> {
    let (item, destination) = (placing.item, placing.destination);
    if let Some(current) = ledger.desired(item, destination)? {
        if current.generation > placing.generation {
            return Ok(Some(current.job));
        }
        replace(ledger, current.job, placing.job)?;
    }
    for older in ledger.pending_below(item, destination, placing.generation)? {
        jobs::supersede(ledger, &older, Some(placing.job))?;
        ledger.stop_waiting(older.publish)?;
    }
    ledger.desire(placing)?;
    Ok(None)
}

fn replace<L: Ledger>(ledger: &mut L, older: JobId, newer: JobId) -> Result<(), L::Fault> {
    match ledger.job(older)? {
        // A pending one that has the place was set aside.
        Some(job) if matches!(job.state, JobState::Queued | JobState::Pending) => {
            jobs::supersede(ledger, &job, Some(newer))
        }
        Some(job) => ledger.change(&job, Change::Replace(newer)),
        None => Ok(()),
    }
}

/// The job that has taken this one's place at its destination, if one has.
pub(crate) fn replacement<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
) -> Result<Option<JobId>, L::Fault> {
    let desired = ledger.desired(job.item, job.destination)?;
    Ok(desired
        .map(|desired| desired.job)
        .filter(|newer| *newer != job.id))
}
