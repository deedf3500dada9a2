//! The doors as a client meets them, over a real SQLite store.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a surprise is a failure, also in its setting"
)]

mod bad_input;
mod calendar;
mod console;
mod console_bulk;
mod console_desk;
mod console_drift;
mod console_live;
mod console_release;
mod console_replays;
mod console_sources;
mod contract;
mod decisions;
mod described;
mod destination_rules;
mod erasure;
mod hooks;
mod house;
mod limits;
mod log;
mod operations;
mod operator;
mod owners;
mod pauses;
mod reads;
mod reconciling;
mod replays;
mod senders;
mod socket;
mod stream;
mod tokens;
mod uploads;
