//! What the API shows, read from one moment of the file.
//!
//! Ensures that lists are pages along an index, newest first, and that nothing of another owner is
//! in them. What the columns mean is in `crate::views`.

pub(crate) mod content;
pub(crate) mod counts;
pub(crate) mod dead_letters;
pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod overviews;
pub(crate) mod publishes;

use serde_json::json;

/// Numbers as one value, for `json_each`.
pub(crate) fn listed(numbers: &[i64]) -> String {
    json!(numbers).to_string()
}
