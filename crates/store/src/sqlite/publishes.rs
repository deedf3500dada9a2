//! Publishes: what their requests are called.
//!
//! Ensures that a request's publishes are found by its id, among all owners': whoever looks checks
//! the rows.

use crate::short_name::{self, ShortName};

/// The name of the publishes that a request became.
pub(crate) fn name(request_id: &str) -> ShortName {
    short_name::of(&["request", request_id])
}
