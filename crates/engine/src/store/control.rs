//! Pauses: what persons stop for a while.
//!
//! Ensures that once a pause is answered, no new run begins in what is paused, on any node, until it is
//! resumed. Runs that are under way end as they would have.

use serde::Serialize;
use slugline_core::pause::Pausable;
use slugline_core::time::Timestamp;

use super::Stored;

/// The part of the memory that keeps work from beginning.
pub trait Control: Send + Sync {
    /// Pauses; answers the pause. One that there is already stays as it is. `None`: no such
    /// destination or content is known.
    fn pause(&self, order: PauseOrder) -> Stored<'_, Option<Pause>>;

    /// Ends a pause; `false` when there is none. Jobs of a content item are queued as if just released;
    /// what another pause covers still waits for that one.
    fn resume(&self, of: Pausable, actor: String) -> Stored<'_, bool>;

    /// The pauses that there are, the widest first, of an owner's contents or of all.
    fn pauses(&self, owner: Option<String>) -> Stored<'_, Vec<Pause>>;
}

/// What is to be paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseOrder {
    /// What.
    pub of: Pausable,
    /// Who wants it.
    pub actor: String,
    /// Why; may be empty.
    pub note: String,
}

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// What is paused.
    #[serde(flatten)]
    pub of: Pausable,
    /// Since when.
    pub since: Timestamp,
    /// Who paused it.
    pub actor: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}
