//! What the tests of several crates share: real servers that they start for themselves, and folders in memory.
//!
//! Ensures that a server ends with the process that started it, however that ends, and that one which cannot be had is
//! an error that names the command which installs it: no test passes because its server is absent. Never ships.

pub mod forwarder;
pub mod postgres;
pub mod scratch;
