//! The simulation: one seed drives clock, scheduler, network, vendors, crashes and store faults, and
//! a model that knows what was acknowledged checks the promises P1 to P10 after every step.
//!
//! Ensures that a seed always runs alike: what it did is a trace that repeats byte for byte. The real
//! store, engine and connectors run in it; vendors, network and clocks are fakes. Doors and binary
//! are left out.

mod ask;
mod blog;
mod buttons;
mod client;
mod clock;
mod comparer;
mod dice;
mod editors;
mod erasers;
mod faults;
mod hook;
mod menders;
mod mirror;
mod model;
mod network;
mod node;
mod operators;
mod plan;
mod power;
mod redoers;
mod releases;
mod replayers;
mod run;
mod scheduler;
mod sender;
mod shelf;
mod store;
mod trouble;
mod vault;
mod watch;
mod world;

pub use faults::Kind;
pub use model::Broken;
pub use plan::Cut;
pub use run::{Outcome, run, smallest};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; what a panicking task left is judged like everything else.
pub(crate) fn hold<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
