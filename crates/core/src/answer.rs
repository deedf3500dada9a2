//! What intake answers when it does not refuse.
//!
//! Ensures that the answer that is stored under a key is the one that was given.

use serde::{Deserialize, Serialize};

use crate::ids::{JobId, PublishId};
use crate::item::ItemKey;
use crate::lifecycle::{JobState, PendingReason};
use crate::version::{Generation, Version};

/// The first word of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted: it is on disk.
    Ok,
    /// Seen before; nothing changed.
    Duplicate,
    /// Older than what is stored; recorded and ignored.
    StaleUpdateIgnored,
}

/// The answer to a publish request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What became of the request.
    pub status: Status,
    /// The publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_id: Option<PublishId>,
    /// The key.
    pub request_id: String,
    /// The item.
    pub content_id: String,
    /// The version: assigned where the request had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The generation that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
    /// A stable name for the accepted content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_ref: Option<String>,
    /// The jobs' state taken together when the answer was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
    /// One per destination.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<AnswerJob>,
    /// Scheduled publishes that this one replaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<PublishId>,
    /// For a stale request: the newest accepted version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<Version>,
    /// For a stale request: the smallest version that would be accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_version: Option<Version>,
    /// Why nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A job in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerJob {
    /// The job.
    pub job_id: JobId,
    /// Where it goes.
    pub destination: String,
    /// Its state when the answer was given.
    pub state: JobState,
    /// Why it waits, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_reason: Option<PendingReason>,
}

impl Answer {
    /// An answer with only what each has.
    #[must_use]
    pub fn new(status: Status, request_id: &str, content_id: &str) -> Self {
        Self {
            status,
            publish_id: None,
            request_id: request_id.to_owned(),
            content_id: content_id.to_owned(),
            version: None,
            generation: None,
            result_ref: None,
            state: None,
            jobs: Vec::new(),
            supersedes: Vec::new(),
            current_version: None,
            next_version: None,
            reason: None,
        }
    }

    /// The stored answer as a repeat of the key gets it.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.status = Status::Duplicate;
        self
    }
}

/// `content:post-42:v7`
#[must_use]
pub fn result_ref(item: &ItemKey, version: Version) -> String {
    format!("content:{}:v{version}", item.content_id)
}
