//! What people ask for, and what comes of it: the shapes of the API.

use serde::{Deserialize, Serialize};
use slugline_core::payload::Payload;
use slugline_core::version::{Generation, Version};

use crate::store::Decided;

/// `POST /v1/content/{id}/rollback`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RollbackRequest {
    /// The generation to go back to; the last that was live when absent.
    pub to: Option<Generation>,
    /// Where; wherever the content is desired when absent.
    pub destinations: Option<Vec<String>>,
    /// Needed where the content is in several.
    pub environment: Option<String>,
    /// Needed where the content is in several.
    pub locale: Option<String>,
    /// The newest generation that was seen; refused if there is a newer one. The newest when absent.
    pub generation: Option<Generation>,
    /// Why.
    pub note: Option<String>,
    /// Only says what would be done.
    pub dry_run: bool,
}

/// `POST /v1/jobs/{id}/edit`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditRequest {
    /// The whole content, as it should be.
    pub payload: Payload,
    /// The generation that was seen; the job's own when absent.
    #[serde(default)]
    pub generation: Option<Generation>,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// What a rollback does, or would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RollbackPlan {
    /// The content.
    pub content_id: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// The newest generation, which is left.
    pub from: Generation,
    /// The generation whose body comes back.
    pub to: Generation,
    /// Its version.
    pub version: Version,
    /// Its title.
    pub title: String,
    /// Where.
    pub destinations: Vec<String>,
}

/// What came of a rollback.
pub enum RolledBack {
    /// Only planned.
    Planned(RollbackPlan),
    /// Accepted.
    Done(Decided),
}
