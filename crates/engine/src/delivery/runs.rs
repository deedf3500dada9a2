//! The runs of a node: started as jobs are claimed, settled as they end.
//!
//! Ensures that on a stop runs may end within the grace time and that those that do not are put
//! back, their writes noted as unknown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use slugline_core::connector::Work;
use slugline_core::ids::JobId;
use slugline_core::port::BoxFuture;
use slugline_core::time::Timestamp;

use super::claims::{Delivery, Granted};
use super::desk::{Desk, Grant};
use super::run::{run, work_of};
use super::verdict::Bench;
use crate::destination::Destination;
use crate::store::{ClaimedJob, Settlement, StoreError};

/// Between two tries to store a run's end while the store cannot be reached.
const UNREACHABLE: Duration = Duration::from_millis(500);

/// A claimed job with its desk.
pub(super) struct Run {
    job: ClaimedJob,
    work: Work,
    destination: Arc<Destination>,
    desk: Desk,
    started_at: Timestamp,
}

/// The runs that are under way.
#[derive(Default)]
pub struct Runs {
    active: BTreeMap<JobId, Arc<Run>>,
    futures: FuturesUnordered<BoxFuture<'static, Option<JobId>>>,
}

impl Runs {
    /// Begins a claimed job's run.
    pub fn begin(&mut self, delivery: &Arc<Delivery>, granted: Granted) {
        let Granted { job, asked_at } = granted;
        let Some(destination) = delivery.destination(&job.destination) else {
            return;
        };
        let shared = delivery.shared.clone();
        let grant = Grant {
            job: job.job,
            fence: job.fence,
            lease: job.lease,
            until: asked_at + job.lease,
        };
        let desk = Desk::new(
            shared,
            Arc::clone(&destination),
            job.class,
            grant,
            job.effects.clone(),
        );
        let work = work_of(&job, delivery.shared.store.installation());
        let started_at = delivery.shared.store.now();
        let run = Arc::new(Run {
            job,
            work,
            destination,
            desk,
            started_at,
        });
        self.active.insert(run.job.job, Arc::clone(&run));
        self.futures
            .push(Box::pin(perform(Arc::clone(delivery), run).map(Some)));
    }

    /// Has something done beside the runs.
    pub(super) fn see_through(&mut self, errand: BoxFuture<'static, ()>) {
        self.futures.push(Box::pin(errand.map(|()| None)));
    }

    /// Whether nothing runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Waits for a run to end; for ever when nothing runs.
    pub async fn ended(&mut self) {
        match self.futures.next().await {
            Some(job) => drop(job.and_then(|job| self.active.remove(&job))),
            None => std::future::pending().await,
        }
    }

    /// Gives up what still runs: put back, at once.
    pub async fn put_back(self, delivery: &Delivery) {
        drop(self.futures);
        let settlements: Vec<Settlement> = self
            .active
            .values()
            .map(|run| run.bench(delivery).interrupt(delivery.shared.store.now()))
            .collect();
        let count = settlements.len();
        match delivery.shared.store.settle(settlements).await {
            Ok(_) => tracing::info!(count, "put unfinished runs back"),
            Err(error) => {
                tracing::error!(%error, count, "could not put runs back; their leases will run out")
            }
        }
    }
}

impl Run {
    /// Has its end stored; again while the store cannot be reached and the lease lasts.
    async fn keep(
        &self,
        delivery: &Delivery,
        settlement: Settlement,
    ) -> Result<Vec<bool>, StoreError> {
        let shared = &delivery.shared;
        loop {
            let kept = shared.store.settle(vec![settlement.clone()]).await;
            let unreachable = matches!(kept, Err(StoreError::Unavailable(_)));
            if !unreachable || self.desk.lease_left() < UNREACHABLE {
                return kept;
            }
            shared.clock.sleep(UNREACHABLE).await;
        }
    }

    fn bench<'a>(&'a self, delivery: &'a Delivery) -> Bench<'a> {
        Bench {
            job: &self.job,
            work: &self.work,
            destination: &self.destination,
            policy: delivery.policy(self.job.class),
            desk: &self.desk,
            started_at: self.started_at,
        }
    }
}

/// Runs, settles and reports.
async fn perform(delivery: Arc<Delivery>, this: Arc<Run>) -> JobId {
    let ended = run(&this.job, &this.work, &this.destination, &this.desk).await;
    let now = delivery.shared.store.now();
    let settlement = this
        .bench(&delivery)
        .settle(ended, now, delivery.entropy.unit())
        .await;
    delivery.report(&this.job, &settlement);
    match this.keep(&delivery, settlement).await {
        Ok(kept) if kept.first() == Some(&true) => {}
        Ok(_) => {
            tracing::warn!(job = %this.job.job, content_id = %this.job.item.content_id, "lease lost: the run settles nothing")
        }
        // Its lease runs out and the job is looked at again.
        Err(error) => {
            tracing::error!(job = %this.job.job, %error, "a run's end could not be stored")
        }
    }
    delivery.gave_back(&this.job.destination, this.job.class);
    this.job.job
}
