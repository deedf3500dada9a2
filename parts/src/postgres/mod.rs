//! A throw-away PostgreSQL.
//!
//! Ensures that a test has a database of its own, on the server that `cargo xtask test` hands over or on one that the
//! test's process starts. Nothing in it is durable against a power cut; all of it survives a kill.

mod cluster;
mod database;
mod programs;
mod server;

pub use database::{Database, SERVER, Session, database};
pub use programs::{INSTALL, is_there};
pub use server::Server;
