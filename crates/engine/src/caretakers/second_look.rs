//! The second look: when the commit window of an unknown write has passed, the lane is looked at
//! again: twins are removed, lost updates repaired.
//!
//! Ensures that a late commit can leave nothing behind that the public or an editor stumbles over.
//! It is the same run as a delivery, after tidying.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::item::Class;
use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::delivery::{Delivery, Granted, Runs};
use crate::store::{Room, StoreError, Want};

/// Lanes of one destination in one pass.
const BATCH: usize = 8;
/// Leases of looks; a run that needs more prolongs it.
const LEASE: Duration = Duration::from_secs(30);

/// Looks again.
pub struct SecondLook(pub Arc<Delivery>);

impl Caretaker for SecondLook {
    fn name(&self) -> &'static str {
        "second_look"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(500)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let wants: Vec<Want> = self.wants();
            if wants.is_empty() {
                return Ok(Pass::default());
            }
            let asked_at = self.0.shared.clock.monotonic();
            let claimed = self.0.shared.store.claim_looks(wants).await?;
            let count = claimed.jobs.len();
            let mut runs = Runs::default();
            for mut job in claimed.jobs {
                // Whatever class it had, nobody waits for a look whether it is still as desired.
                if !job.owes_look {
                    job.class = Class::Reconcile;
                }
                self.0.took(&job.destination, job.class);
                runs.begin(&self.0, Granted { job, asked_at });
            }
            while !runs.is_empty() {
                runs.ended().await;
            }
            Ok(Pass::of(count, BATCH))
        })
    }
}

impl SecondLook {
    fn wants(&self) -> Vec<Want> {
        let up = self
            .0
            .destinations_here()
            .filter(|destination| destination.capabilities.readable && !destination.is_down());
        up.map(|destination| Want {
            destination: destination.settings.name.clone(),
            class: Class::Reconcile,
            limit: BATCH,
            room: Room::default(),
            lease: LEASE.max(destination.settings.timeout * 3),
        })
        .collect()
    }
}
