//! The store's tests: the contract that every store keeps, and what is SQLite's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod backup;
mod bench;
mod contract;
mod erased;
mod moving;
mod nodes;
mod postgres;
mod sqlite;
mod stopping;
