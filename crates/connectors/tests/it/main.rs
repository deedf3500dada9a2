//! The connectors through their public face, over a port in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod changes;
mod contract;
mod folder;
mod library;
mod port;
mod registry;
mod samples;
mod signature_templates;
mod signatures;
mod webhook;
mod wordpress;
