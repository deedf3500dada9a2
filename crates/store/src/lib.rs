//! The memory of Slugline: implementations of the engine's store port.
//!
//! Ensures that what is answered is durable and that what every store must do alike (intake
//! decisions, transitions, lanes) is asked of `slugline_core`, never written down again here.
//! Does not deliver, route or decide.

mod accepting;
mod beginning;
mod chain;
mod change;
mod entry;
mod erasing;
mod giving_back;
mod job;
pub mod moving;
mod noted;
mod nudge;
mod ordered;
mod pause;
pub mod postgres;
mod prepare;
mod reconciling;
mod record;
mod replaying;
mod short_name;
pub mod sqlite;
mod sweeping;
mod task;
mod views;
mod waiter;
mod words;
