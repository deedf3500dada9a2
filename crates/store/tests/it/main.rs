//! The store's tests: the contract that every store keeps, and what is SQLite's own.

mod bench;
mod contract;
mod sqlite;
