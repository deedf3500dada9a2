//! Decoders of what strangers send, fed with the corpus and with damaged copies of it. The runs are bounded, so they are
//! ordinary tests; `BOLERO_RANDOM_ITERATIONS` makes them longer, and `cargo bolero test` guides them by coverage.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

#[path = "../../../crates/slugline/src/config/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "only its reading is called"
)]
mod config;
mod configuration;
mod damage;
mod destination;
mod doors;
mod front_matter;
#[path = "../../../crates/slugline/src/transport/guard.rs"]
#[allow(dead_code, unreachable_pub, reason = "only its judgement is called")]
mod guard;
mod media;
mod publish;
mod sealed;
#[path = "../../../crates/slugline/src/secrets.rs"]
#[allow(unreachable_pub, reason = "the configuration reads it")]
mod secrets;
mod stored;
mod texts;
mod webhook;
mod wordpress;
