//! The loops of Slugline, over ports.
//!
//! Ensures that every pass is bounded, idempotent and takes no input: it finds its work in the
//! store, does it, and reports what it did. Knows no SQL, no HTTP framework and no vendor; its
//! clock, dice, sockets and memory are ports, so that the simulation can drive it.

pub mod bell;
pub mod caretakers;
pub mod delivery;
pub mod desk;
pub mod destination;
pub mod engine;
pub mod headers;
pub mod intake;
pub mod ports;
mod reconciliation;
pub mod sealing;
pub mod stop;
pub mod store;
pub mod webhooks;
