//! Poll: sources are asked what they have that no webhook told of.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::store::StoreError;
use crate::webhooks::Webhooks;

/// Asks sources whose time has come.
pub struct PollSources(pub Arc<Webhooks>);

impl Caretaker for PollSources {
    fn name(&self) -> &'static str {
        "poll"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let done = self.0.poll().await?;
            if done > 0 {
                tracing::info!(found = done, "polls found what no webhook had told of");
            }
            Ok(Pass { done, more: false })
        })
    }
}
