//! The event contract: what an event looks like to those outside, version by version.
//!
//! Ensures that an event has one form in each version, that either version is read, and that each type
//! says whether it may be acted upon again. Does not send anything, and does not add types to the log.
//!
//! Version 3 is current. Version 2 cannot bring the content along. Version 1 is for readers of one environment,
//! one locale and one destination: it says neither these nor generation and reason. Upcasting leaves them unknown
//! rather than guess: an event that was downcast in `staging` must not come back as one of `production`.

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

pub use casts::{downcast_v1, downcast_v2, upcast_v1, upcast_v2};
pub use cloud_event::{BATCH, CloudEvent, ONE, Origin, Written};
pub use event::{Event, EventV1, EventV2, Form, SchemaVersion, from_log, told_as};
pub use kind::{Kind, Replay};
pub use reader::{Received, read};

/// The version that is written unless somebody asks for another one.
pub const CURRENT: u32 = 3;
/// The versions that are written and read, oldest first.
pub const VERSIONS: [u32; 3] = [1, 2, CURRENT];
