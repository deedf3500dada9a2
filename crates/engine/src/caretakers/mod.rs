//! Caretakers: small passes on a period, one a file.
//!
//! Ensures that each pass takes no input, is bounded and idempotent, and that its failure is logged
//! and tried again on the next round instead of ending the loop.

mod catch_up;
mod expire;
mod fetch_media;
mod orphans;
mod poll;
mod prune;
mod reconcile;
mod release;
mod replay;
mod rescue;
mod seal;
mod second_look;
mod sweep;

use std::time::Duration;

use futures_util::{FutureExt, pin_mut, select_biased};
use slugline_core::port::BoxFuture;

use crate::delivery::Shared;
use crate::stop::Stop;
use crate::store::StoreError;

pub use catch_up::CatchUp;
pub use expire::Expire;
pub use fetch_media::FetchMedia;
pub use orphans::Orphans;
pub use poll::PollSources;
pub use prune::Prune;
pub use reconcile::Reconcile;
pub use release::Release;
pub use replay::Replay;
pub use rescue::Rescue;
pub use seal::Seal;
pub use second_look::SecondLook;
pub use sweep::SweepSources;

/// A pass that runs again and again.
pub trait Caretaker: Send + Sync {
    /// Its name in logs and metrics.
    fn name(&self) -> &'static str;

    /// Time between two passes.
    fn period(&self) -> Duration;

    /// Does what is due, at most one batch. Returns how much it did: a full batch is followed by
    /// another at once.
    fn pass(&self) -> BoxFuture<'_, Result<Pass, StoreError>>;
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Things done.
    pub done: usize,
    /// Whether there may be more at once.
    pub more: bool,
}

impl Pass {
    /// A pass that did `done` of at most `limit`.
    #[must_use]
    pub fn of(done: usize, limit: usize) -> Self {
        Self {
            done,
            more: done >= limit,
        }
    }
}

/// Runs a caretaker until asked to stop. A pass under way is finished.
pub async fn keep(caretaker: &dyn Caretaker, shared: &Shared, stop: &Stop) {
    while !stop.is_requested() {
        let pass = caretaker.pass().await;
        match &pass {
            Ok(pass) => {
                metrics::counter!("slugline_caretaker_done_total", "caretaker" => caretaker.name())
                    .increment(pass.done as u64)
            }
            Err(error) => {
                tracing::error!(caretaker = caretaker.name(), %error, "a pass failed and will be tried again")
            }
        }
        if pass.is_ok_and(|pass| pass.more) {
            continue;
        }
        let (slept, stopped) = (
            shared.clock.sleep(caretaker.period()).fuse(),
            stop.requested().fuse(),
        );
        pin_mut!(slept, stopped);
        select_biased! { () = slept => {}, () = stopped => {} }
    }
}
