//! The doors as a client meets them, over a real SQLite store.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a surprise is a failure, also in its setting"
)]

mod bad_input;
mod contract;
mod decisions;
mod described;
mod hooks;
mod house;
mod limits;
mod log;
mod operations;
mod owners;
mod reads;
mod socket;
mod tokens;
mod uploads;
