//! What readers of the store see: the shapes of the API.

use std::collections::BTreeMap;

use serde::Serialize;
use slugline_core::drift::Drift;
use slugline_core::exchange::Exchange;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::item::{Action, Class, ItemKey};
use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_core::pause::PauseKind;
use slugline_core::payload::{Payload, StoredMedia};
use slugline_core::reason::{Reason, SuggestedAction};
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};

use super::ErasedView;
use crate::headers::Headers;

/// A piece of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most this many.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<i64>,
}

/// A page's items, and where the next begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// The next page's cursor; `None` at the end.
    pub next_cursor: Option<i64>,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRequest {
    /// Its headers, as far as they are kept ([`crate::headers::kept`]).
    pub headers: Headers,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
}

/// Which publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishFilter {
    /// Only this owner's; `None` for all (an admin without an owner).
    pub owner: Option<String>,
    /// Of this item.
    pub content_id: Option<String>,
    /// Of this request.
    pub request_id: Option<String>,
    /// With a job in this state.
    pub state: Option<JobState>,
    /// In this environment.
    pub environment: Option<String>,
    /// In this locale.
    pub locale: Option<String>,
    /// With a job at this destination.
    pub destination: Option<String>,
}

/// Which log entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only this owner's; `None` for all.
    pub owner: Option<String>,
    /// Of this item.
    pub content_id: Option<String>,
    /// Of this request.
    pub request_id: Option<String>,
    /// Of this job.
    pub job_id: Option<JobId>,
    /// Of this type.
    pub kind: Option<String>,
    /// By this actor.
    pub actor: Option<String>,
}

/// A publish with its jobs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishView {
    /// Its id.
    pub publish_id: PublishId,
    /// The request.
    pub request_id: String,
    /// The item.
    pub content_id: String,
    /// Owner.
    pub owner: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// What it wants.
    pub action: Action,
    /// Its class.
    pub class: Class,
    /// The producer's version.
    pub version: Version,
    /// The generation.
    pub generation: Generation,
    /// The stable name of the content.
    pub result_ref: String,
    /// The jobs' state taken together.
    pub state: JobState,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
    /// Its schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<Timestamp>,
    /// The content ids that it depends on and waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// The jobs.
    pub jobs: Vec<JobView>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobView {
    /// Its id.
    pub job_id: JobId,
    /// Where it goes.
    pub destination: String,
    /// Its state.
    pub state: JobState,
    /// Why it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_reason: Option<PendingReason>,
    /// The content ids that its publish depends on and waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// The widest pause that keeps it from beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for_pause: Option<PauseKind>,
    /// When it may begin, where its destination has a daily capacity or windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot_at: Option<Timestamp>,
    /// `read_back`, `acknowledged` or `second look due`; absent until live.
    pub evidence: Option<String>,
    /// Why it failed last.
    pub reason_code: Option<Reason>,
    /// What was said then.
    pub last_error: Option<String>,
    /// What to do; only for dead letters.
    pub suggested_action: Option<SuggestedAction>,
    /// The fields that were refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Attempts that counted.
    pub attempt_count: u32,
    /// When it runs next.
    pub next_attempt_at: Option<Timestamp>,
    /// When it went live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_at: Option<Timestamp>,
    /// The destination's ids.
    pub downstream_ids: BTreeMap<String, String>,
    /// Where the public sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The item's effects at the destination.
    pub effects: BTreeMap<String, String>,
    /// The job of a newer generation that took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<JobId>,
}

/// What a job is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobAbout {
    /// Its publish.
    pub publish_id: PublishId,
    /// The request.
    pub request_id: String,
    /// The item.
    pub content_id: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// What is desired.
    pub action: Action,
    /// Generation.
    pub generation: Generation,
    /// Version.
    pub version: Version,
    /// Class.
    pub class: Class,
    /// Runs that it had; an action that names them is refused if there were more since.
    pub runs: i64,
}

/// A job with its history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobDetail {
    /// The job.
    #[serde(flatten)]
    pub job: JobView,
    /// What it is about.
    #[serde(flatten)]
    pub about: JobAbout,
    /// Oldest first.
    pub attempts: Vec<AttemptView>,
}

/// Which dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Only this owner's.
    pub owner: String,
    /// Of this content.
    pub content_id: Option<String>,
    /// Of this request.
    pub request_id: Option<String>,
    /// At this destination.
    pub destination: Option<String>,
    /// With this reason.
    pub reason: Option<Reason>,
    /// Of this class.
    pub class: Option<Class>,
    /// In this environment.
    pub environment: Option<String>,
    /// Accepted before this time.
    pub before: Option<Timestamp>,
}

/// A failed job that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The job.
    #[serde(flatten)]
    pub job: JobView,
    /// What it is about.
    #[serde(flatten)]
    pub about: JobAbout,
    /// When its publish was accepted.
    pub accepted_at: Timestamp,
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptView {
    /// From 1; runs that were put back are listed too.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// `live`, `retry`, `put_back`, `failed`, `superseded`, `rescued`, `second_look`, or `check` for a look
    /// whether it is still as desired.
    pub outcome: String,
    /// Requests that it sent.
    pub requests: u32,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<Reason>,
    /// What was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The destination's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Of one that failed: the last requests and what came of them, without credentials.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Exchange>,
}

/// An item in one environment and locale.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContentView {
    /// The item.
    pub content_id: String,
    /// Owner.
    pub owner: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// Where it comes from.
    pub source: String,
    /// The newest accepted version.
    pub version: Version,
    /// The smallest version that would be accepted.
    pub next_version: Version,
    /// The newest accepted generation.
    pub generation: Generation,
    /// What it wants.
    pub action: Action,
    /// The claimed slug.
    pub slug: Option<String>,
    /// Whether its words were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased: Option<ErasedView>,
    /// What is desired and shown, by destination.
    pub destinations: Vec<ContentAt>,
}

/// An item at a destination.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContentAt {
    /// The destination.
    pub destination: String,
    /// What is desired.
    pub desired_action: Action,
    /// Which generation is desired.
    pub desired_generation: Generation,
    /// Which generation was last verified as shown.
    pub shown_generation: Option<Generation>,
    /// Whether that is the desired one, and nothing else was seen since.
    pub in_sync: bool,
    /// What was seen there that is not as desired, while no run of ours was under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftView>,
    /// The newest job.
    pub job: Option<JobView>,
}

/// Drift that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DriftView {
    /// Which kind.
    pub kind: Drift,
    /// When it was found first.
    pub found_at: Timestamp,
}

/// An entry at a destination that shows an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnEntry {
    /// Its name: the result of the effect `slugline_core::port::ENTRY`.
    pub name: String,
    /// The item.
    pub item: ItemKey,
    /// The slug that the item claims.
    pub slug: Option<String>,
}

/// A stored body.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RevisionView {
    /// Generation.
    pub generation: Generation,
    /// Version.
    pub version: Version,
    /// What it wants.
    pub action: Action,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The request.
    pub request_id: String,
    /// The slug that went with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// SHA-256 of the payload's canonical JSON.
    pub checksum: String,
    /// Whether its words were erased because somebody asked for that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
    /// The payload; `None` for removals and erased bodies.
    pub payload: Option<Payload>,
    /// The media.
    pub media: Vec<StoredMedia>,
}

/// Counts for metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// (destination, class, state) → jobs that are not final, and dead letters.
    pub jobs: BTreeMap<(String, Class, JobState), u64>,
    /// When the oldest queued job became due.
    pub oldest_due: Option<Timestamp>,
    /// (destination, kind) → items that have drifted.
    pub drift: BTreeMap<(String, Drift), u64>,
    /// Second looks owed.
    pub looks_owed: u64,
    /// Entries in the log.
    pub log_entries: u64,
}
