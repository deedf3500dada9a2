//! The engine over the real SQLite store, a fake WordPress and a network that loses things.
//!
//! Time is tokio's paused clock: it advances whenever everything waits, so hours pass in a moment
//! and no test sleeps.

#![allow(unreachable_pub, reason = "nobody imports a test")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that panics has failed, which is what it should do"
)]

mod credentials;
mod delivery;
mod house;
mod leases;
mod media;
mod network;
mod offers;
mod order;
mod outages;
mod reconciling;
mod replaying;
mod steady;
mod webhooks;
