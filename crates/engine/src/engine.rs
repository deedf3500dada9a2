//! The engine of a node: its delivery and its caretakers, run together.
//!
//! Ensures that a stop reaches all of them and that the node ends when all have ended.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use slugline_core::backoff::RetryPolicy;
use slugline_core::item::Class;

use crate::caretakers::{
    Caretaker, CatchUp, Expire, FetchMedia, Orphans, PollSources, Prune, Reconcile, Release,
    Replay, Rescue, Seal, SecondLook, SweepSources, keep,
};
use crate::delivery::{Delivery, Shared};
use crate::destination::Destination;
use crate::ports::Entropy;
use crate::stop::Stop;
use crate::store::{Deadline, Registration, Retention, StoreError};
use crate::webhooks::Webhooks;

/// What the engine needs of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSettings {
    /// Runs at once on this node.
    pub workers: usize,
    /// Each class's patience, in the order of [`Class::ALL`].
    pub policies: Vec<RetryPolicy>,
    /// What is kept.
    pub retention: Retention,
    /// How long an unused medium stays at a destination.
    pub media_grace: Duration,
}

/// A node's engine.
pub struct Engine {
    delivery: Arc<Delivery>,
    caretakers: Vec<Box<dyn Caretaker>>,
}

impl Engine {
    /// An engine over these ports, for these destinations.
    #[must_use]
    pub fn new(
        shared: Shared,
        entropy: Arc<dyn Entropy>,
        destinations: Vec<Arc<Destination>>,
        settings: EngineSettings,
    ) -> Self {
        let policies = settings.policies.clone();
        let delivery = Delivery::new(
            shared.clone(),
            Arc::clone(&entropy),
            destinations,
            policies.clone(),
            settings.workers,
        );
        let store = &shared.store;
        let deadlines: Vec<Deadline> = Class::ALL
            .into_iter()
            .zip(&policies)
            .map(|(class, policy)| Deadline {
                class,
                after: policy.deadline,
            })
            .collect();
        let caretakers: Vec<Box<dyn Caretaker>> = vec![
            Box::new(Release {
                store: Arc::clone(store),
                deadlines: deadlines.clone(),
            }),
            Box::new(FetchMedia {
                shared: shared.clone(),
                entropy: Arc::clone(&entropy),
                policies,
            }),
            Box::new(Rescue(Arc::clone(store))),
            Box::new(SecondLook(Arc::clone(&delivery))),
            Box::new(Expire {
                store: Arc::clone(store),
                deadlines,
            }),
            Box::new(Seal(Arc::clone(store))),
            Box::new(Prune {
                store: Arc::clone(store),
                retention: settings.retention,
            }),
            Box::new(Reconcile::new(Arc::clone(&delivery), entropy)),
            Box::new(Replay(Arc::clone(&delivery))),
            Box::new(Orphans {
                delivery: Arc::clone(&delivery),
                grace: settings.media_grace,
            }),
        ];
        Self {
            delivery,
            caretakers,
        }
    }

    /// The engine that also deals with webhooks which were kept and left.
    #[must_use]
    pub fn with_webhooks(mut self, webhooks: Arc<Webhooks>) -> Self {
        self.caretakers
            .push(Box::new(CatchUp(Arc::clone(&webhooks))));
        self.caretakers
            .push(Box::new(PollSources(Arc::clone(&webhooks))));
        self.caretakers.push(Box::new(SweepSources(webhooks)));
        self
    }

    /// The delivery, for those who show destinations' health.
    #[must_use]
    pub fn delivery(&self) -> &Arc<Delivery> {
        &self.delivery
    }

    /// Makes the destinations known to the store. Call before `run`.
    pub async fn register(&self) -> Result<(), StoreError> {
        let registrations = self
            .delivery
            .destinations()
            .map(|destination| Registration {
                name: destination.settings.name.clone(),
                lane: destination.capabilities.lane,
                request_timeout: destination.settings.timeout,
                commit_window: destination
                    .capabilities
                    .readable
                    .then_some(destination.settings.commit_window),
                pace: destination.settings.pace.clone(),
            });
        self.delivery
            .shared
            .store
            .register(registrations.collect())
            .await
    }

    /// Runs until asked to stop; runs under way may end for at most `grace`.
    pub async fn run(&self, stop: &Stop, grace: Duration) {
        let caretakers = join_all(
            self.caretakers
                .iter()
                .map(|caretaker| keep(caretaker.as_ref(), &self.delivery.shared, stop)),
        );
        join(self.delivery.run(stop, grace), caretakers).await;
    }
}
