//! What people do: actions on jobs, notes, erasure.
//!
//! Ensures that an action is decided on under the job's lock and written down with who took it. What is
//! allowed is in `slugline_core::operator` and `slugline_core::erasure`.

use serde::Serialize;
use slugline_core::ids::{Fence, JobId};
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::operator::JobAction;
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use super::Stored;

/// The part of the memory that people work on.
pub trait Desk: Send + Sync {
    /// Does what is ordered with jobs, one after the other; each one's state then, or why it is not done.
    /// Durable when it returns.
    fn act(&self, orders: Vec<JobOrder>) -> Stored<'_, Vec<Result<JobState, Problem>>>;

    /// Keeps a note; `false` when there is no such item.
    fn write_note(&self, note: NewNote) -> Stored<'_, bool>;

    /// What was written about a content, in all its environments and locales; newest first, at most `limit`.
    fn notes(&self, owner: &str, content_id: &str, limit: usize) -> Stored<'_, Vec<NoteView>>;

    /// The newest generation below this one that was live at a destination with a body which is kept, and was
    /// not rolled back there. Read from the jobs that went live, never from what is shown now.
    fn last_good(
        &self,
        item: &ItemKey,
        destination: &str,
        below: Generation,
    ) -> Stored<'_, Option<Generation>>;

    /// Erases all that is kept of an item's words: bodies, what came, what was answered and written of it, media
    /// that nothing else names. What says that, when and by whom something happened stays, and so do keys. What
    /// `slugline_core::erasure` refuses is left as it is. Gone from the disk when it returns, as far as that is the store's.
    fn erase(&self, erasure: Erasure) -> Stored<'_, Result<Erased, Problem>>;
}

/// What is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The item's words.
    pub item: ItemKey,
    /// Who orders it, such as `token:ops`.
    pub actor: String,
    /// Why; kept as a note.
    pub reason: String,
}

/// What was erased; all zero where nothing was left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The newest generation then.
    pub generation: Generation,
    /// Bodies of generations.
    pub bodies: u64,
    /// Requests as they came.
    pub requests: u64,
    /// Webhooks as they came; other items that one named went with it.
    pub webhooks: u64,
    /// Messages of failures, of jobs and of their attempts.
    pub messages: u64,
    /// Runs with what they had sent and were answered.
    pub exchanges: u64,
    /// Entries of the log that had words.
    pub entries: u64,
    /// Texts of notes.
    pub notes: u64,
    /// Media that nothing else names.
    pub media: u64,
}

impl Erased {
    /// Whether there was anything.
    #[must_use]
    pub fn any(&self) -> bool {
        let nothing = Self {
            generation: self.generation,
            ..Self::default()
        };
        *self != nothing
    }
}

/// That an item's words were erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ErasedView {
    /// When, last.
    pub at: Timestamp,
    /// Of all generations up to this one.
    pub generation: Generation,
}

/// An action on a job, by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobOrder {
    /// Which job.
    pub job: JobId,
    /// Within this owner.
    pub owner: String,
    /// Only in these environments; empty for all.
    pub environments: Vec<String>,
    /// What is to be done.
    pub action: JobAction,
    /// Who orders it, such as `token:ops`.
    pub actor: String,
    /// Why.
    pub note: Option<String>,
    /// The runs that the job had when the person looked; not compared when `None`.
    pub runs: Option<Fence>,
}

/// What a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Said by itself.
    Note,
    /// Asks somebody else to look.
    Escalation,
    /// Says why an action was taken.
    Reason,
}

/// A note to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNote {
    /// About this item.
    pub item: ItemKey,
    /// About this job of its, if about one. A job of another item is not taken.
    pub job: Option<JobId>,
    /// Who writes.
    pub actor: String,
    /// What.
    pub text: String,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteView {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What it is.
    pub kind: NoteKind,
    /// What was written.
    pub text: String,
    /// About which job, if about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
}
