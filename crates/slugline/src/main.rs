//! Slugline: makes a content publish land once, in order and verified.
//!
//! The binary: command line, configuration, the real transport, wiring. Ensures that the rooms
//! meet here and nowhere else.

#![allow(
    unreachable_pub,
    reason = "nobody imports a binary; `pub` marks the face of a module"
)]

mod cli;
mod client;
mod clock;
mod config;
mod demo;
mod ground;
mod handshakes;
mod listen;
mod node;
mod output;
mod place;
mod probe;
mod running;
mod sandbox;
mod secrets;
mod signals;
mod telemetry;
mod tls;
mod transport;

use std::process::ExitCode;

/// Requests are made on one thread and freed on another, which costs glibc's allocator a fifth of the writer's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    cli::run().await
}
