//! The event contract: what an event looks like to those outside, version by version.
//!
//! Ensures that an event has one form in each version, that either version is read, and that each type
//! says whether it may be acted upon again. Does not send anything, and does not add types to the log.
//!
//! Version 2 is current. Version 1 is for readers of one environment, one locale and one destination: it
//! says neither these nor generation and reason. Upcasting leaves them unknown rather than guess: an event
//! that was downcast in `staging` must not come back as one of `production`.

mod casts;
mod cloud_event;
mod event;
mod kind;
mod reader;
#[cfg(test)]
mod samples;
pub mod schemas;
#[cfg(test)]
mod tests;

pub use casts::{downcast, upcast};
pub use cloud_event::{BATCH, CloudEvent};
pub use event::{Event, EventV1, Form, SchemaVersion, from_log};
pub use kind::{Kind, Replay};
pub use reader::{Received, read};

/// The version that is written unless somebody asks for another one.
pub const CURRENT: u32 = 2;
/// The versions that are written and read, oldest first.
pub const VERSIONS: [u32; 2] = [1, CURRENT];
