//! Jobs that wait because a person wants it.
//!
//! Ensures that such a job is pending while its publish waits for nothing, which nothing else is; and
//! that it goes on as if it had just been released.

use slugline_core::event::EventType;
use slugline_core::lifecycle::{JobState, Queued};

use super::{Change, Ledger};
use crate::entry::Entry;
use crate::job::JobRow;

/// Has a queued job wait: it is pending until somebody takes it up.
pub(crate) fn set_aside<L: Ledger>(ledger: &mut L, job: &JobRow) -> Result<(), L::Fault> {
    ledger.change(job, Change::Set(JobState::Pending))?;
    ledger.log(Entry::of_job(ledger, EventType::Paused, "waits", job))
}

/// Queues a job that was set aside: due now, its deadline counted from now.
pub(crate) fn take_up<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    actor: &str,
) -> Result<(), L::Fault> {
    let queued = Queued {
        attempts: job.attempts,
        due: ledger.now(),
    };
    ledger.change(job, Change::Requeue(&queued))?;
    ledger.nudge();
    ledger.log(Entry::of_job(ledger, EventType::Resumed, "queued", job).actor(actor))
}
