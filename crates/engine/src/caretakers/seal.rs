//! Seal: full segments of the log are sealed, and a part-full one once it is old.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::store::{Store, StoreError};

/// A segment is sealed at this age even when it is not full, so that the unsealed end stays short.
const MAX_AGE: Duration = Duration::from_secs(60);

/// Seals the log.
pub struct Seal(pub Arc<dyn Store>);

impl Caretaker for Seal {
    fn name(&self) -> &'static str {
        "seal"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move {
            let done = self.0.seal(MAX_AGE).await?;
            Ok(Pass {
                done,
                more: done > 0,
            })
        })
    }
}
