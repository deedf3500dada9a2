//! Catch up: webhooks that were kept and that nobody has dealt with.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::port::BoxFuture;

use super::{Caretaker, Pass};
use crate::store::StoreError;
use crate::webhooks::Webhooks;

/// Webhooks of one pass.
const BATCH: usize = 50;

/// Deals with webhooks that were answered before they were dealt with.
pub struct CatchUp(pub Arc<Webhooks>);

impl Caretaker for CatchUp {
    fn name(&self) -> &'static str {
        "catch_up"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>> {
        Box::pin(async move { Ok(Pass::of(self.0.catch_up(BATCH).await?, BATCH)) })
    }
}
