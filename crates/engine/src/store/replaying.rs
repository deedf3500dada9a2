//! Running again what was asked for before.
//!
//! Ensures that what a replay is about is written down when it starts, so that nothing that comes later
//! joins it, and that what is queued is decided on when it is queued. What is worth running again is in
//! `slugline_core::replay`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use slugline_core::ids::{Fence, JobId, PublishId, ReplayId};
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::reason::Reason;
use slugline_core::replay::{Mode, Receiver, Relevance};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use super::{Page, Paged, RerunOutcome, Stored};

/// Publishes that the time of a replay may span at most: each is looked at when it starts.
pub const PUBLISHES_LOOKED_AT: i64 = 500_000;
/// Replays of an owner that are kept; when one begins, the oldest go.
pub const REPLAYS_KEPT: usize = 100;

/// What a replay is about: publishes, each at each of its destinations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayFilter {
    /// Of this content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
    /// At this destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// In this environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Of contents that this source owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whose last job there is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
    /// Whose last job there failed for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Accepted then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Accepted before; the start of the replay when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// How a replay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    /// It is under way.
    Running,
    /// All of it was decided on.
    Done,
    /// A person ended it.
    Aborted,
}

/// A replay that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReplay {
    /// Within this owner.
    pub owner: String,
    /// Who asks for it.
    pub actor: String,
    /// What it is about.
    pub filter: ReplayFilter,
    /// What of that is run again.
    pub mode: Mode,
    /// Whether it only says what it would do.
    pub dry_run: bool,
    /// At most so many events.
    pub limit: u64,
    /// At most so many jobs a minute.
    pub rate: u64,
    /// The destinations that there are.
    pub receivers: BTreeMap<String, Receiver>,
}

/// A replay as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayRecord {
    /// Who asked for it.
    pub actor: String,
    /// What it is about.
    pub filter: ReplayFilter,
    /// What of that is run again.
    pub mode: Mode,
    /// Whether it only says what it would do.
    pub dry_run: bool,
    /// At most so many events.
    pub limit: u64,
    /// At most so many jobs a minute.
    pub rate: u64,
    /// How many events it is about.
    pub total: u64,
    /// How many of them it has decided on.
    pub done: u64,
    /// Whether more fit than the limit allows.
    pub more: bool,
    /// How many events are worth what: as decided, or as it looked at the start.
    pub counts: BTreeMap<Relevance, u64>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it ended early.
    pub why: Option<String>,
}

/// A replay as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayView {
    /// Its id.
    pub replay_id: ReplayId,
    /// How it is.
    pub state: ReplayState,
    /// When it began.
    pub started_at: Timestamp,
    /// The rest.
    #[serde(flatten)]
    pub record: ReplayRecord,
    /// How the jobs of its events are, those that it queued and those that were on their way. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<BTreeMap<JobState, u64>>,
}

/// Whether a replay began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayBegun {
    /// It did; a dry run has ended already.
    New(ReplayView),
    /// This one of the owner is under way.
    Running(ReplayView),
    /// Its time spans more than [`PUBLISHES_LOOKED_AT`].
    TooLong,
}

/// One event of a replay: a publish at a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayTarget {
    /// Its place in the replay, from 1, in the order of acceptance.
    pub place: i64,
    /// The item.
    pub item: ItemKey,
    /// The destination's name.
    pub destination: String,
    /// The generation that it carries.
    pub generation: Generation,
}

/// A replay that a node works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayTask {
    /// Which.
    pub id: ReplayId,
    /// The right to it.
    pub fence: Fence,
    /// How far it is.
    pub record: ReplayRecord,
    /// The events that come next.
    pub targets: Vec<ReplayTarget>,
}

/// What was decided of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayDecision {
    /// Its place.
    pub place: i64,
    /// What it is worth.
    pub relevance: Relevance,
    /// The job that was queued, or is on its way.
    pub job: Option<JobId>,
}

impl ReplayDecision {
    /// What became of an event.
    #[must_use]
    pub fn of(target: &ReplayTarget, outcome: &RerunOutcome) -> Self {
        let (relevance, job) = match outcome {
            RerunOutcome::Queued(job) => (Relevance::Relevant, Some(*job)),
            RerunOutcome::Open(job) => (Relevance::OnItsWay, Some(*job)),
            RerunOutcome::Left(relevance) => (*relevance, None),
            RerunOutcome::Superseded(desired) if *desired > target.generation => {
                (Relevance::Superseded, None)
            }
            RerunOutcome::Ended(_) => (Relevance::Ended, None),
            RerunOutcome::Superseded(_) | RerunOutcome::NotDesired => (Relevance::NotDesired, None),
        };
        Self {
            place: target.place,
            relevance,
            job,
        }
    }
}

/// What a step of a replay has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayProgress {
    /// Which.
    pub id: ReplayId,
    /// The right to it.
    pub fence: Fence,
    /// The events that came next, each with what was decided.
    pub decided: Vec<ReplayDecision>,
    /// When it goes on, from now.
    pub next: Duration,
}

/// An event of a replay as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayTargetView {
    /// Its place in the replay.
    #[serde(skip)]
    pub place: i64,
    /// The item.
    pub content_id: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// The destination.
    pub destination: String,
    /// The publish.
    pub publish_id: PublishId,
    /// The request that asked for it.
    pub request_id: String,
    /// The generation that it carries.
    pub generation: Generation,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// What it is worth: as decided, or as it looked at the start.
    pub relevance: Relevance,
    /// The job that was queued, or was on its way.
    pub job_id: Option<JobId>,
    /// How that job is.
    pub job_state: Option<JobState>,
}

/// The part of the memory that runs again what was asked for before.
pub trait Replaying: Send + Sync {
    /// Begins a replay, one at a time for each owner; a dry run always begins, and ends at once.
    fn begin_replay(&self, new: NewReplay) -> Stored<'_, ReplayBegun>;

    /// Takes a replay that is to go on, for this long, with at most so many of its next events.
    fn take_replay(&self, lease: Duration, limit: usize) -> Stored<'_, Option<ReplayTask>>;

    /// Keeps what a step decided; the replay ends with its last event. `false` when somebody else has it,
    /// or it has ended.
    fn keep_replay(&self, progress: ReplayProgress) -> Stored<'_, bool>;

    /// Ends a replay; as it is then. `None`: the owner has none such.
    fn abort_replay(
        &self,
        owner: &str,
        id: ReplayId,
        actor: &str,
    ) -> Stored<'_, Option<ReplayView>>;

    /// A replay of an owner.
    fn replay(&self, owner: &str, id: ReplayId) -> Stored<'_, Option<ReplayView>>;

    /// Replays of an owner, newest first.
    fn replays(&self, owner: &str, page: Page) -> Stored<'_, Paged<ReplayView>>;

    /// The events of a replay, in their order; those that are worth this if it is named.
    fn replay_targets(
        &self,
        owner: &str,
        id: ReplayId,
        relevance: Option<Relevance>,
        page: Page,
    ) -> Stored<'_, Paged<ReplayTargetView>>;
}
