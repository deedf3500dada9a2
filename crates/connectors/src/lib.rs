//! The dialects: one folder a vendor, with the same few files in each.
//!
//! Ensures that a vendor's flow reads top to bottom like its manual, over the one port of
//! [`slugline_core::port`]. Does not own a socket, a clock, a file or a queue, and no vendor's
//! folder knows another's: what several need lies beside them.

mod asking;
mod config;
mod content;
mod contentful;
pub mod diagnosis;
mod directus;
mod drupal;
pub mod fake;
mod folder;
mod generic;
mod ghost;
mod hubspot;
mod library;
mod mapping;
mod media_links;
mod reading;
pub mod registry;
mod sanity;
mod signature;
mod source;
mod standard_webhooks;
mod storyblok;
mod strapi;
mod token;
mod webflow;
mod webhook;
mod wordpress;

pub use config::ConfigError;
pub use signature::{Key, Scheme, Signed, verify};
pub use wordpress::{FakeEntry, FakeWordPress};
