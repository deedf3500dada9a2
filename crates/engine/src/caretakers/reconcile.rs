//! Reconcile: destinations are compared with what is desired there, one page or one batch at a time.
//!
//! Ensures that one node at a time works on a destination's reconciliation and that another goes on
//! where it was lost. What a step does is in `reconciliation`; when one begins by itself is here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use slugline_core::port::BoxFuture;
use slugline_core::remedy::last_due;
use slugline_core::time::Timestamp;

use super::{Caretaker, Pass};
use crate::delivery::Delivery;
use crate::destination::Destination;
use crate::ports::Entropy;
use crate::reconciliation::Stride;
use crate::store::{Begun, NewReconciliation, Page, StoreError};

/// Between two looks whether a reconciliation is due by its schedule.
const SCHEDULE: Duration = Duration::from_secs(30);
/// A step is done by then, or another node takes it up: three requests, and some.
const LEASE: Duration = Duration::from_secs(60);
/// Who asks for what is due.
const ACTOR: &str = "engine";

/// Compares destinations with what is desired there.
pub struct Reconcile {
    delivery: Arc<Delivery>,
    entropy: Arc<dyn Entropy>,
    /// When the schedule was looked at last.
    looked: Mutex<Option<Timestamp>>,
    /// What was never reconciled is due at its next moment after this.
    since: Timestamp,
}

impl Caretaker for Reconcile {
    fn name(&self) -> &'static str {
        "reconcile"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            self.begin_due().await?;
            let names = self.names();
            let store = &self.delivery.shared.store;
            let Some(task) = store.take_reconciliation(names, self.lease()).await? else {
                return Ok(Pass::default());
            };
            let Some(destination) = self.delivery.destination(&task.destination) else {
                return Ok(Pass::default());
            };
            let stride = Stride {
                shared: &self.delivery.shared,
                destination: &destination,
                dice: self.entropy.unit(),
            };
            let more = stride.step(task).await?;
            Ok(Pass { done: 1, more })
        })
    }
}

impl Reconcile {
    /// A caretaker of a node's destinations.
    #[must_use]
    pub fn new(delivery: Arc<Delivery>, entropy: Arc<dyn Entropy>) -> Self {
        let since = delivery.shared.store.now();
        Self {
            delivery,
            entropy,
            looked: Mutex::new(None),
            since,
        }
    }

    /// Destinations that can be asked now.
    fn names(&self) -> Vec<String> {
        let here = self.delivery.destinations_here();
        let up = here.filter(|destination| !destination.is_down());
        up.map(|destination| destination.settings.name.clone())
            .collect()
    }

    fn lease(&self) -> Duration {
        let here = self.delivery.destinations_here();
        let timeouts = here.map(|destination| destination.settings.timeout * 3);
        timeouts.fold(LEASE, Duration::max)
    }

    fn is_time_to_look(&self, now: Timestamp) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = looked.is_none_or(|last| now.since(last) >= SCHEDULE);
        if is_time {
            *looked = Some(now);
        }
        is_time
    }

    /// Begins what is due by its schedule.
    async fn begin_due(&self) -> Result<(), StoreError> {
        let now = self.delivery.shared.store.now();
        if !self.is_time_to_look(now) {
            return Ok(());
        }
        for destination in self.delivery.destinations_here() {
            if destination.capabilities.readable && !destination.is_down() {
                self.begin_if_due(destination, now).await?;
            }
        }
        Ok(())
    }

    async fn begin_if_due(
        &self,
        destination: &Destination,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let settings = &destination.settings;
        let Some(every) = settings.reconcile.every else {
            return Ok(());
        };
        let due = last_due(&settings.name, every, now);
        if due < self.since {
            // It may have been due while nobody was there.
            let page = Page {
                limit: 1,
                cursor: None,
            };
            let store = &self.delivery.shared.store;
            let last = store.reconciliations(Some(settings.name.clone()), page);
            if last.await?.items.is_empty() {
                return Ok(());
            }
        }
        let new = NewReconciliation {
            destination: settings.name.clone(),
            actor: ACTOR.into(),
            dry_run: false,
            believe_listing: false,
            unless_since: Some(due),
        };
        let begun = self.delivery.shared.store.begin_reconciliation(new).await?;
        if let Begun::New(view) = begun {
            let destination = view.destination;
            tracing::info!(reconciliation = %view.reconciliation_id, destination, "a reconciliation began");
        }
        Ok(())
    }
}
