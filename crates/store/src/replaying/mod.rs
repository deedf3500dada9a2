//! Replays, whatever keeps them.
//!
//! Ensures that what a replay is about, and how far it is, is the same in every store: its statements are
//! in the words that all databases know. What is queued is queued by `change::rerun`.

pub(crate) mod find;
pub(crate) mod runs;
pub(crate) mod targets;
