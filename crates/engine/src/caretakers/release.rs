//! Release: publishes that nothing holds back any more become desired; slugs that are free are freed;
//! what waited too long for what it depends on becomes a dead letter.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::store::{Deadline, Released, Store, StoreError};

/// Publishes of one pass.
const BATCH: usize = 500;

/// Releases what is due: schedules, slugs, media, dependencies.
pub struct Release {
    /// The memory.
    pub store: Arc<dyn Store>,
    /// Each class's patience with what a publish depends on.
    pub deadlines: Vec<Deadline>,
}

impl Caretaker for Release {
    fn name(&self) -> &'static str {
        "release"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let Released {
                released,
                slugs_freed,
                given_up,
            } = self.store.release(self.deadlines.clone(), BATCH).await?;
            if given_up > 0 {
                tracing::warn!(
                    given_up,
                    "publishes depend on what did not go live and are dead letters now"
                );
            }
            // A freed slug may release its waiter in the next pass.
            Ok(Pass {
                done: released + given_up,
                more: released >= BATCH || slugs_freed > 0,
            })
        })
    }
}
