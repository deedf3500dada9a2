//! Releasing publishes that nothing holds back any more.
//!
//! Ensures that desired state is written at release and at no other moment, and that a lower
//! generation released after a higher one is superseded itself.

use slugline_core::event::EventType;
use slugline_core::ids::PublishId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::Queued;
use slugline_core::version::{Generation, Version};

use super::desired::{Placing, place};
use super::{Ledger, jobs};
use crate::entry::Entry;
use crate::job::JobRow;

/// Releases a publish that nothing holds back.
pub(crate) fn release<L: Ledger>(ledger: &mut L, publish: PublishId) -> Result<(), L::Fault> {
    let mut released: Option<JobRow> = None;
    for job in ledger.pending(publish)? {
        match place(ledger, &Placing::of(&job))? {
            Some(newer) => jobs::supersede(ledger, &job, Some(newer))?,
            None => {
                let queued = Queued {
                    attempts: 0,
                    due: ledger.now(),
                };
                jobs::queue(ledger, &job, &queued, None)?;
                released = Some(job);
            }
        }
    }
    ledger.end_waiting(publish, released.is_some())?;
    match &released {
        Some(job) => {
            let request = (publish, job.request_id.as_str());
            let order = (job.generation, job.version);
            log_released(ledger, request, job.item, &job.key, order)
        }
        None => Ok(()),
    }
}

/// Writes down that a publish's generation is desired now. `request`: the publish and its request id.
/// `order`: the generation, with the producer's version of it.
pub(crate) fn log_released<L: Ledger>(
    ledger: &mut L,
    request: (PublishId, &str),
    item: i64,
    key: &ItemKey,
    order: (Generation, Version),
) -> Result<(), L::Fault> {
    let entry = Entry::new(ledger, EventType::Released, "released", item, key);
    ledger.log(
        entry
            .publish(request.0, request.1)
            .detail("generation", order.0)
            .detail("version", order.1),
    )
}
