//! Release: publishes that nothing holds back any more become desired; slugs that are free are freed.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::store::{Released, Store, StoreError};

/// Publishes of one pass.
const BATCH: usize = 500;

/// Releases what is due: schedules, slugs, media.
pub struct Release(pub Arc<dyn Store>);

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
            } = self.0.release(BATCH).await?;
            // A freed slug may release its waiter in the next pass.
            Ok(Pass {
                done: released,
                more: released >= BATCH || slugs_freed > 0,
            })
        })
    }
}
