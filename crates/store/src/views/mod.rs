//! What the API shows, as both databases hold it.
//!
//! Ensures that a view means the same whatever keeps it: the columns that it is read from and their
//! order stand once, beside the function that reads them. How rows are found is each store's own.

pub(crate) mod content;
pub(crate) mod dead_letters;
pub(crate) mod jobs;
pub(crate) mod list;
pub(crate) mod media;
pub(crate) mod notes;
pub(crate) mod overviews;
pub(crate) mod publishes;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod webhooks;
