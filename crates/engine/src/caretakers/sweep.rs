//! Sweep: what sources have is compared with what there is of them here, one step at a time.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::store::StoreError;
use crate::webhooks::Webhooks;

/// Takes steps of the sweeps whose time has come.
pub struct SweepSources(pub Arc<Webhooks>);

impl Caretaker for SweepSources {
    fn name(&self) -> &'static str {
        "sweep"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let done = self.0.sweep().await?;
            if done > 0 {
                tracing::info!(
                    found = done,
                    "a sweep found what nobody had told was removed"
                );
            }
            Ok(Pass { done, more: false })
        })
    }
}
