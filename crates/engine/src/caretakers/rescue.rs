//! Rescue: jobs whose lease ran out are taken back; their lanes owe a second look.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::store::{Store, StoreError};

/// Jobs of one pass.
const BATCH: usize = 500;

/// Takes lost leases back.
pub struct Rescue(pub Arc<dyn Store>);

impl Caretaker for Rescue {
    fn name(&self) -> &'static str {
        "rescue"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let rescued = self.0.rescue(BATCH).await?;
            if rescued > 0 {
                tracing::warn!(rescued, "took jobs back whose lease had run out");
            }
            Ok(Pass::of(rescued, BATCH))
        })
    }
}
