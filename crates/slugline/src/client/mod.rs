//! The client side: what `publish`, `status` and `token` share.
//!
//! Ensures that a server's refusal reaches the user with its reason. Knows the API only as its
//! users know it.

pub mod api;
pub mod document;
mod fields;
mod instant;
pub mod key;
mod medium;
pub mod outcome;
pub mod patience;
pub mod progress;
pub mod source;
pub mod upload;
pub mod views;
pub mod watch;
