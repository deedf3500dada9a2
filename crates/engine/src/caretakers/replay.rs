//! Replay: what was asked for before is run again, a few events at a time.
//!
//! Ensures that one node at a time works on a replay and that another goes on where it was lost; that no
//! more jobs are queued a minute than its rate allows; and that each event is decided on where its job
//! would be queued, so that nothing newer is overwritten. What is relevant is in `slugline_core::replay`.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::item::Class;
use slugline_core::port::BoxFuture;
use slugline_core::replay::{Receiver, Relevance, batch, pause};

use super::{Caretaker, Pass};
use crate::delivery::Delivery;
use crate::store::{
    ReplayDecision, ReplayProgress, ReplayTarget, ReplayTask, Rerun, RerunOutcome, StoreError,
};

/// Events that one step decides on at most: their items are locked together.
const BATCH: usize = 100;
/// A step is done by then, or another node takes it up: two orders to the store.
const LEASE: Duration = Duration::from_secs(60);

/// Runs again what was asked for before.
pub struct Replay(pub Arc<Delivery>);

impl Caretaker for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let store = &self.0.shared.store;
            let Some(mut task) = store.take_replay(LEASE, BATCH).await? else {
                return Ok(Pass::default());
            };
            let many = batch(task.record.rate, BATCH);
            task.targets.truncate(many);
            let decided = self.decide(&task).await?;
            let queued = decided.iter().filter(|one| is_queued(one)).count();
            let next = pause(task.record.rate, queued as u64);
            let more = next.is_zero();
            let progress = ReplayProgress {
                id: task.id,
                fence: task.fence,
                decided,
                next,
            };
            store.keep_replay(progress).await?;
            Ok(Pass { done: 1, more })
        })
    }
}

fn is_queued(decision: &ReplayDecision) -> bool {
    decision.relevance == Relevance::Relevant
}

impl Replay {
    /// Queues what is relevant; what became of each event.
    async fn decide(&self, task: &ReplayTask) -> Result<Vec<ReplayDecision>, StoreError> {
        let receivers = task.targets.iter().map(|target| self.receiver(target));
        let receivers: Vec<Option<Receiver>> = receivers.collect();
        let pairs = task.targets.iter().zip(&receivers);
        let reruns: Vec<Rerun> = pairs
            .filter_map(|(target, receiver)| Some(rerun(task, target, (*receiver)?)))
            .collect();
        let mut outcomes = match reruns.is_empty() {
            true => Vec::new(),
            false => self.0.shared.store.rerun(reruns).await?,
        }
        .into_iter();
        let outcome = |receiver: &Option<Receiver>| {
            let gone = RerunOutcome::Left(Relevance::NoDestination);
            receiver.and_then(|_| outcomes.next()).unwrap_or(gone)
        };
        let outcomes: Vec<RerunOutcome> = receivers.iter().map(outcome).collect();
        let pairs = task.targets.iter().zip(&outcomes);
        Ok(pairs
            .map(|(target, outcome)| ReplayDecision::of(target, outcome))
            .collect())
    }

    fn receiver(&self, target: &ReplayTarget) -> Option<Receiver> {
        let destination = self.0.destination(&target.destination)?;
        Some(Receiver::from(&destination.capabilities))
    }
}

fn rerun(task: &ReplayTask, target: &ReplayTarget, receiver: Receiver) -> Rerun {
    Rerun {
        item: target.item.clone(),
        destination: target.destination.clone(),
        generation: target.generation,
        class: Class::Reconcile,
        // Nobody has looked at what somebody else made of the entry.
        overwrites: false,
        if_relevant: Some((task.record.mode, receiver)),
        actor: task.record.actor.clone(),
        cause: task.id.to_string(),
    }
}
