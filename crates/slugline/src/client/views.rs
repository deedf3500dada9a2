//! What the client reads of the API's answers: the fields that it shows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
pub use slugline_core::exchange::{Exchange, Message};
use slugline_core::lifecycle::JobState;

use super::api::Denied;

/// A publish.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Publish {
    /// Its id.
    pub publish_id: String,
    /// The request.
    pub request_id: String,
    /// The item.
    pub content_id: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// The producer's version: an integer or a time.
    pub version: Value,
    /// The jobs' state taken together.
    pub state: JobState,
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Job {
    /// Its id.
    pub job_id: String,
    /// Where it goes.
    pub destination: String,
    /// Its state.
    pub state: JobState,
    /// Why it waits.
    #[serde(default)]
    pub pending_reason: Option<String>,
    /// The content ids that it waits for.
    #[serde(default)]
    pub waits_for: Vec<String>,
    /// The widest pause that keeps it from beginning.
    #[serde(default)]
    pub waits_for_pause: Option<String>,
    /// The slot that a destination with a daily capacity gave it.
    #[serde(default)]
    pub slot_at: Option<String>,
    /// How it is known to be live.
    #[serde(default)]
    pub evidence: Option<String>,
    /// Why it failed last.
    #[serde(default)]
    pub reason_code: Option<String>,
    /// What was said then.
    #[serde(default)]
    pub last_error: Option<String>,
    /// What to do about a dead letter.
    #[serde(default)]
    pub suggested_action: Option<String>,
    /// Attempts that counted.
    #[serde(default)]
    pub attempt_count: u32,
    /// When it runs next.
    #[serde(default)]
    pub next_attempt_at: Option<String>,
    /// The destination's ids.
    #[serde(default)]
    pub downstream_ids: BTreeMap<String, String>,
    /// Where the public sees it.
    #[serde(default)]
    pub url: Option<String>,
}

/// Something that is paused.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Pause {
    /// Which kind of thing.
    pub what: String,
    /// The destination.
    #[serde(default)]
    pub destination: Option<String>,
    /// The class.
    #[serde(default)]
    pub class: Option<String>,
    /// The content item.
    #[serde(default)]
    pub content_id: Option<String>,
    /// Its environment.
    #[serde(default)]
    pub environment: Option<String>,
    /// Its locale.
    #[serde(default)]
    pub locale: Option<String>,
    /// Since when.
    pub since: String,
    /// Who paused it.
    pub actor: String,
    /// Why.
    #[serde(default)]
    pub note: String,
}

impl Pause {
    /// What there is to say of it, in columns.
    #[must_use]
    pub fn row(&self) -> Vec<String> {
        let named = [
            &self.destination,
            &self.class,
            &self.content_id,
            &self.environment,
            &self.locale,
        ];
        let named: Vec<&str> = named.into_iter().flatten().map(String::as_str).collect();
        vec![
            self.what.clone(),
            named.join(" "),
            self.since.clone(),
            self.actor.clone(),
            self.note.clone(),
        ]
    }

    /// The same in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let said = self.row().into_iter().filter(|cell| !cell.is_empty());
        said.collect::<Vec<_>>().join("  ")
    }
}

/// A job with its history.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct JobDetail {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// Its publish.
    pub publish_id: String,
    /// The item.
    pub content_id: String,
    /// Its runs, oldest first.
    pub attempts: Vec<Attempt>,
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When it began.
    pub started_at: String,
    /// How it ended.
    pub outcome: String,
    /// Requests that it sent.
    pub requests: u32,
    /// What was said.
    #[serde(default)]
    pub error: Option<String>,
    /// Of one that failed: what it sent last, and what came of it.
    #[serde(default)]
    pub exchanges: Vec<Exchange>,
}

/// An item in all its environments and locales.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Content {
    /// One per environment and locale.
    pub items: Vec<ContentItem>,
}

/// An item in one environment and locale.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ContentItem {
    /// The item.
    pub content_id: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// The newest accepted version.
    pub version: Value,
    /// Its generation.
    pub generation: i64,
    /// What is desired and shown where.
    pub destinations: Vec<ContentAt>,
}

/// An item at a destination.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ContentAt {
    /// The destination.
    pub destination: String,
    /// What is desired.
    pub desired_action: String,
    /// Which generation is desired.
    pub desired_generation: i64,
    /// Which generation was last verified as shown.
    pub shown_generation: Option<i64>,
    /// What was seen there that is not as desired.
    pub drift: Option<Drift>,
    /// The newest job.
    pub job: Option<Job>,
}

/// Drift that was found.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Drift {
    /// `missing`, `stale`, `extra` or `diverged`.
    pub kind: String,
}

/// A comparison of a destination with what is desired there.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reconciliation {
    /// Its id.
    pub reconciliation_id: String,
    /// The destination.
    pub destination: String,
    /// `running`, `done`, `stopped` or `aborted`.
    pub state: String,
    /// What it does at present.
    #[serde(default)]
    pub step: Option<String>,
    /// Whether it only reports.
    pub dry_run: bool,
    /// Who asked for it.
    pub actor: String,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// What it found.
    pub counts: Counts,
    /// Why it stopped, or what hinders it.
    #[serde(default)]
    pub why: Option<String>,
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Counts {
    /// Entries that are there.
    pub listed: u64,
    /// Those that were never ours.
    pub unmanaged: u64,
    /// Items that are as desired.
    pub in_sync: u64,
    /// Items that should be there and are not.
    pub missing: u64,
    /// Items that show something of ours that is not desired now.
    pub stale: u64,
    /// Items that are no longer desired and still there.
    pub extra: u64,
    /// Items that somebody else changed.
    pub diverged: u64,
    /// Items for which a job was queued.
    pub repaired: u64,
    /// Items whose drift was taken for the new baseline.
    pub adopted: u64,
}

/// An item that has drifted at a destination.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Drifted {
    /// The item.
    pub content_id: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// The destination.
    pub destination: String,
    /// `missing`, `stale`, `extra` or `diverged`.
    pub kind: String,
    /// When it was found first.
    pub found_at: String,
    /// What is desired.
    pub desired_action: String,
    /// Which generation is desired.
    pub desired_generation: i64,
    /// Where the public saw it.
    #[serde(default)]
    pub url: Option<String>,
}

/// A replay of what was asked for before.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Replay {
    /// Its id.
    pub replay_id: String,
    /// `running`, `done` or `aborted`.
    pub state: String,
    /// Whether it only says what it would do.
    pub dry_run: bool,
    /// How many events it is about.
    pub total: u64,
    /// How many of them it has decided on.
    pub done: u64,
    /// Whether more fit than the limit allows.
    pub more: bool,
    /// How many events are worth what.
    pub counts: BTreeMap<String, u64>,
    /// How many jobs of its events are in which state.
    #[serde(default)]
    pub jobs: Option<BTreeMap<String, u64>>,
    /// Why it ended early.
    pub why: Option<String>,
}

/// A replay with a page of its events.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct WholeReplay {
    /// The replay.
    #[serde(flatten)]
    pub replay: Replay,
    /// The events.
    pub targets: List<ReplayTarget>,
}

/// An event of a replay.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ReplayTarget {
    /// The item.
    pub content_id: String,
    /// The destination.
    pub destination: String,
    /// The generation that it carries.
    pub generation: i64,
    /// When it was accepted.
    pub accepted_at: String,
    /// What it is worth.
    pub relevance: String,
    /// How its job is, if it has one.
    pub job_state: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct List<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins.
    pub next_cursor: Option<String>,
}

/// A source, with what came from it to the node that answers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// The vendor's `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where its content goes.
    pub environment: String,
    /// New ones.
    pub received: u64,
    /// Those that came again.
    pub duplicates: u64,
    /// New ones that could not be done.
    pub failed: u64,
    /// Those that were not taken.
    pub refused: u64,
    /// What no webhook told of.
    pub found_by_poll: u64,
    /// How late the last one came.
    pub last_lag_seconds: Option<f64>,
    /// When the last one came.
    pub last_received_at: Option<String>,
    /// The last that were not taken, newest first.
    pub last_refused: Vec<Refused>,
    /// Why it could not be asked what it has, the last time.
    pub poll_failure: Option<PollFailure>,
    /// Why the last sweep did not find all that is gone.
    #[serde(default)]
    pub sweep_failure: Option<PollFailure>,
}

/// A poll or a sweep that went wrong.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PollFailure {
    /// When.
    pub at: String,
    /// What was wrong.
    pub detail: String,
}

/// A webhook that was not taken.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Refused {
    /// When it came.
    pub at: String,
    /// From where.
    pub from: Option<String>,
    /// The stable code.
    pub code: String,
    /// What was wrong.
    pub detail: String,
}

/// A webhook that is kept.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub webhook_id: String,
    /// The source.
    pub source: String,
    /// When it came.
    pub received_at: String,
    /// How far it is.
    pub state: String,
    /// The name of the secret that proved it.
    pub secret: String,
    /// When it was signed.
    #[serde(default)]
    pub signed_at: Option<String>,
    /// Whether it was found when the source was asked.
    #[serde(default)]
    pub found_by_poll: bool,
    /// Why it could not be read, or why it was ignored.
    #[serde(default)]
    pub reason: Option<String>,
    /// What became of what it says.
    #[serde(default)]
    pub changes: Vec<Changed>,
    /// What of it could not be read.
    #[serde(default)]
    pub unreadable: Vec<Unreadable>,
}

/// A part of a webhook that could not be read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Unreadable {
    /// Where it stands.
    pub path: String,
    /// The item.
    #[serde(default)]
    pub content_id: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Changed {
    /// What the source said.
    pub what: String,
    /// The item.
    pub content_id: String,
    /// Its locale.
    #[serde(default)]
    pub locale: Option<String>,
    /// What was decided.
    pub status: String,
    /// The publish.
    #[serde(default)]
    pub publish_id: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A webhook as it came.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct WebhookDetail {
    /// What lists show of it.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// The method.
    pub method: String,
    /// The URL; secrets in it by name.
    pub url: String,
    /// Headers; secrets in them by name.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The body, where it is text.
    #[serde(default)]
    pub body: Option<String>,
}

/// Reads an answer of the API.
pub fn read<T: serde::de::DeserializeOwned>(body: Value) -> Result<T, Denied> {
    serde_json::from_value(body).map_err(|why| {
        Denied::NoAnswer(format!(
            "the answer is not understood: {why}; client and server may differ in version"
        ))
    })
}
