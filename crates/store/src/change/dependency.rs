//! What becomes of publishes that cannot be released.
//!
//! Ensures that a publish which is given up leaves a dead letter for each of its jobs, and waits for
//! nothing any more.

use slugline_core::dependency::{Outlook, Waiting};
use slugline_core::failure::Failure;
use slugline_core::ids::PublishId;
use slugline_engine::store::Deadline;

use super::{Ledger, jobs};
use crate::waiter::Waiter;

/// Has a publish wait on whose dependencies are not live, or gives it up; whether it was given up.
/// `cycle`: one that it closes.
pub(crate) fn hold_back<L: Ledger>(
    ledger: &mut L,
    waiter: &Waiter,
    cycle: Option<&[String]>,
    deadlines: &[Deadline],
) -> Result<bool, L::Fault> {
    let waiting = Waiting {
        since: waiter.since,
        patience: Deadline::of(waiter.class, deadlines),
        unmet: &waiter.unmet(),
        cycle,
    };
    match waiting.outlook(ledger.now()) {
        Outlook::Wait(at) => ledger.look_again(waiter.publish, at).map(|()| false),
        Outlook::GiveUp(failure) => give_up(ledger, waiter.publish, &failure).map(|()| true),
    }
}

/// Makes dead letters of a publish's pending jobs.
pub(crate) fn give_up<L: Ledger>(
    ledger: &mut L,
    publish: PublishId,
    failure: &Failure,
) -> Result<(), L::Fault> {
    for job in ledger.pending(publish)? {
        jobs::fail(ledger, &job, failure)?;
    }
    ledger.give_up_waiting(publish)
}
