//! Prune: what retention no longer keeps is removed, a little at a time.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::store::{Retention, Store, StoreError};

/// Rows of one pass: small, so that it never holds up the writer.
const BATCH: usize = 500;

/// Removes expired keys, old bodies, attempts and log segments.
pub struct Prune {
    /// The memory.
    pub store: Arc<dyn Store>,
    /// What is kept.
    pub retention: Retention,
}

impl Caretaker for Prune {
    fn name(&self) -> &'static str {
        "prune"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            Ok(Pass::of(
                self.store.prune(self.retention, BATCH).await?,
                BATCH,
            ))
        })
    }
}
