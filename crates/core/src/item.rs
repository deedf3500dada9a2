//! What an item is called, and what is to be done with it.
//!
//! Ensures that owners, environments, locales and content ids are within their limits before
//! anything else sees them.

use serde::{Deserialize, Serialize};

/// Characters of a content id: long enough for a URL path, short enough for an index.
pub const MAX_CONTENT_ID: usize = 256;
/// Characters of an owner, environment or locale name.
pub const MAX_NAME: usize = 64;

/// The logical item: content within an owner, an environment and a locale.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemKey {
    /// The team that owns it; `default` when unnamed.
    pub owner: String,
    /// Such as `production`.
    pub environment: String,
    /// The producer's id of the item.
    pub content_id: String,
    /// Such as `en`.
    pub locale: String,
}

/// What a publish wants done with its item.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Show it.
    #[default]
    Publish,
    /// Take it offline, keep the entry.
    Unpublish,
    /// Remove the entry.
    Delete,
    /// Keep it as a draft that the public does not see.
    Draft,
}

impl Action {
    /// Whether the action takes the item away; such a generation leaves a tombstone.
    #[must_use]
    pub fn removes(self) -> bool {
        matches!(self, Self::Unpublish | Self::Delete)
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Unpublish => "unpublish",
            Self::Delete => "delete",
            Self::Draft => "draft",
        }
    }
}

/// How urgent a publish is; decides its retry policy, share of workers, thresholds and deadline.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Goes before everything.
    Urgent,
    /// The usual.
    #[default]
    Standard,
    /// Drafts for editors.
    Preview,
    /// Migrations and imports.
    Bulk,
    /// Repairs and replays.
    Reconcile,
}

impl Class {
    /// All classes, most urgent first.
    pub const ALL: [Self; 5] = [
        Self::Urgent,
        Self::Standard,
        Self::Preview,
        Self::Bulk,
        Self::Reconcile,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Standard => "standard",
            Self::Preview => "preview",
            Self::Bulk => "bulk",
            Self::Reconcile => "reconcile",
        }
    }

    /// Position in [`Class::ALL`]: the number under which it is stored, most urgent first.
    #[must_use]
    pub fn rank(self) -> usize {
        self as usize
    }
}

/// Checks a content id: 1 to [`MAX_CONTENT_ID`] characters, no control characters.
pub fn check_content_id(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > MAX_CONTENT_ID {
        return Err(format!(
            "must have 1 to {MAX_CONTENT_ID} characters, has {length}"
        ));
    }
    if text.chars().any(char::is_control) {
        return Err("must not contain control characters".into());
    }
    Ok(())
}

/// Checks an owner, environment, locale or destination name: letters, digits, `.`, `_`, `-`.
pub fn check_name(text: &str) -> Result<(), String> {
    let fits = !text.is_empty() && text.len() <= MAX_NAME;
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if fits && plain {
        return Ok(());
    }
    Err(format!(
        "{text:?} must be 1 to {MAX_NAME} letters, digits, '.', '_' or '-'"
    ))
}
