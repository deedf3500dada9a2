//! Expire: queued jobs that passed their class's deadline become dead letters.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::store::{Deadline, Store, StoreError};

/// Jobs of one pass.
const BATCH: usize = 500;

/// Gives up what waited too long, such as for a destination that stays down.
pub struct Expire {
    /// The memory.
    pub store: Arc<dyn Store>,
    /// Each class's patience.
    pub deadlines: Vec<Deadline>,
}

impl Caretaker for Expire {
    fn name(&self) -> &'static str {
        "expire"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let expired = self.store.expire(self.deadlines.clone(), BATCH).await?;
            if expired > 0 {
                tracing::warn!(
                    expired,
                    "jobs passed their deadline and are dead letters now"
                );
            }
            Ok(Pass::of(expired, BATCH))
        })
    }
}
