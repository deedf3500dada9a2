//! Orphans: media that we uploaded and nothing uses any more are removed, after a grace time.
//!
//! Ensures that only what is in our effects is removed, never what a person uploaded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use slugline_core::ids::{Fence, JobId};
use slugline_core::item::Class;
use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::delivery::{Delivery, Desk, Grant};
use crate::store::{OrphanMedia, StoreError};

/// Media of one pass.
const BATCH: usize = 20;

/// Removes orphaned media.
pub struct Orphans {
    /// Store, network, destinations.
    pub delivery: Arc<Delivery>,
    /// How long an unused medium stays.
    pub grace: Duration,
}

impl Caretaker for Orphans {
    fn name(&self) -> &'static str {
        "orphans"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let orphans = self
                .delivery
                .shared
                .store
                .orphan_media(self.grace, BATCH)
                .await?;
            let mut done = 0;
            for orphan in orphans {
                done += usize::from(self.discard(orphan).await?);
            }
            Ok(Pass::of(done, BATCH))
        })
    }
}

impl Orphans {
    async fn discard(&self, orphan: OrphanMedia) -> Result<bool, StoreError> {
        let Some(destination) = self
            .delivery
            .destination(&orphan.destination)
            .filter(|destination| destination.is_here() && !destination.is_down())
        else {
            return Ok(false);
        };
        // No job stands behind it, so nothing can be remembered or held at this desk; its requests
        // need no lease, since removing what nothing uses is harmless at any time.
        let grant = Grant {
            job: JobId(0),
            fence: Fence(0),
            lease: Duration::ZERO,
            until: Duration::MAX,
        };
        let desk = Desk::new(
            self.delivery.shared.clone(),
            Arc::clone(&destination),
            Class::Reconcile,
            grant,
            BTreeMap::new(),
        );
        match destination
            .connector
            .discard_media(&orphan.result_ref, &desk)
            .await
        {
            Ok(()) => self
                .delivery
                .shared
                .store
                .forget_orphan(orphan)
                .await
                .map(|()| true),
            Err(failure) => {
                tracing::warn!(
                    destination = orphan.destination,
                    media = orphan.result_ref,
                    error = failure.message,
                    "an unused medium could not be removed"
                );
                Ok(false)
            }
        }
    }
}
