//! The dialects: one folder a vendor, with the same few files in each.
//!
//! Ensures that a vendor's flow reads top to bottom like its manual, over the one port of
//! [`slugline_core::port`]. Does not own a socket, a clock, a file or a queue, and no vendor's
//! folder knows another's: what several need lies beside them.

mod config;
pub mod fake;
mod folder;
mod media_links;
pub mod registry;
mod standard_webhooks;
mod webhook;
mod wordpress;

pub use config::ConfigError;
pub use wordpress::{FakeEntry, FakeWordPress};
