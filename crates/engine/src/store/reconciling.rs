//! Bringing destinations back to what is desired.
//!
//! Ensures that a repair is an ordinary job of the generation that is desired at that moment: what is
//! older, and what somebody works on already, is left alone.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use slugline_core::connector::Listed;
use slugline_core::drift::Drift;
use slugline_core::ids::{Fence, JobId, ReconciliationId};
use slugline_core::item::{Action, Class, ItemKey};
use slugline_core::lifecycle::JobState;
use slugline_core::replay::{Mode, Receiver, Relevance};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use super::{Page, Paged, Stored};

/// A generation that is to run again at a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rerun {
    /// The item.
    pub item: ItemKey,
    /// The destination's name.
    pub destination: String,
    /// The generation that whoever asks believes to be desired.
    pub generation: Generation,
    /// The class of the new job.
    pub class: Class,
    /// Whether it replaces what somebody else made of the entry. If not it does not, whatever the
    /// destination says of publishes: nobody has asked for something new.
    pub overwrites: bool,
    /// Only if an event of the past is worth it at that moment, asked for so, at such a destination.
    pub if_relevant: Option<(Mode, Receiver)>,
    /// Who asks, as the log names them.
    pub actor: String,
    /// What it is part of, for the log.
    pub cause: String,
}

/// What became of a [`Rerun`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RerunOutcome {
    /// This job is queued.
    Queued(JobId),
    /// Another generation is desired.
    Superseded(Generation),
    /// This job is on its way already.
    Open(JobId),
    /// A person ended the job that brought it there: it stays as it is.
    Ended(JobState),
    /// Nothing of the item is desired there.
    NotDesired,
    /// It was to run only if it is relevant, and is this.
    Left(Relevance),
}

/// How a reconciliation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconciliationState {
    /// It is under way.
    Running,
    /// All was compared.
    Done,
    /// It could not go on, and says why.
    Stopped,
    /// A person ended it.
    Aborted,
}

/// What a reconciliation does at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It goes through what is there; where nothing can be listed, through what should be.
    #[default]
    Comparing,
    /// It goes through what should be there and was not listed.
    Searching,
    /// It waits for looks at what may have drifted.
    Looking,
    /// It does what the policy says about what has drifted.
    Repairing,
}

/// What a reconciliation has found and done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconciliationCounts {
    /// Entries that were listed.
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

impl ReconciliationCounts {
    /// Takes over how many items have drifted how.
    pub fn take_drift(&mut self, drift: &BTreeMap<Drift, u64>) {
        let of = |kind| drift.get(&kind).copied().unwrap_or(0);
        (self.missing, self.stale) = (of(Drift::Missing), of(Drift::Stale));
        (self.extra, self.diverged) = (of(Drift::Extra), of(Drift::Diverged));
    }
}

/// A reconciliation as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconciliationRecord {
    /// Who asked for it.
    pub actor: String,
    /// Whether it only reports.
    pub dry_run: bool,
    /// Whether a person vouches for the destination's list, however short it is.
    #[serde(default)]
    pub believe_listing: bool,
    /// What it does at present.
    pub step: Step,
    /// How far it is in that.
    #[serde(default)]
    pub cursor: Option<String>,
    /// What it found.
    pub counts: ReconciliationCounts,
    /// Items that wait for their look, at most.
    #[serde(default)]
    pub suspects: u64,
    /// Questions in a row that got no answer.
    #[serde(default)]
    pub failures: u32,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Why it stopped, or what hinders it.
    #[serde(default)]
    pub why: Option<String>,
}

/// A reconciliation as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReconciliationView {
    /// Its id.
    pub reconciliation_id: ReconciliationId,
    /// The destination.
    pub destination: String,
    /// How it is.
    pub state: ReconciliationState,
    /// What it does at present; absent once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// Whether it only reports.
    pub dry_run: bool,
    /// Whether a person vouches for the destination's list, however short it is.
    pub believe_listing: bool,
    /// Who asked for it.
    pub actor: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it found.
    pub counts: ReconciliationCounts,
    /// Why it stopped, or what hinders it.
    pub why: Option<String>,
}

impl ReconciliationView {
    /// What readers see of a record.
    #[must_use]
    pub fn of(
        id: ReconciliationId,
        destination: String,
        state: ReconciliationState,
        started_at: Timestamp,
        record: ReconciliationRecord,
    ) -> Self {
        Self {
            reconciliation_id: id,
            destination,
            state,
            step: (state == ReconciliationState::Running).then_some(record.step),
            dry_run: record.dry_run,
            believe_listing: record.believe_listing,
            actor: record.actor,
            started_at,
            ended_at: record.ended_at,
            counts: record.counts,
            why: record.why,
        }
    }
}

/// A reconciliation that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReconciliation {
    /// The destination's name.
    pub destination: String,
    /// Who asks for it.
    pub actor: String,
    /// Whether it only reports.
    pub dry_run: bool,
    /// Whether a person vouches for the destination's list, however short it is.
    pub believe_listing: bool,
    /// It does not begin if one began then or later.
    pub unless_since: Option<Timestamp>,
}

/// Whether a reconciliation began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It did.
    New(ReconciliationView),
    /// This one is under way.
    Running(ReconciliationView),
    /// One began not long ago.
    Recent,
    /// There is no such destination.
    Unknown,
}

/// A reconciliation that a node works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconciliationTask {
    /// Which.
    pub id: ReconciliationId,
    /// The destination's name.
    pub destination: String,
    /// The right to it.
    pub fence: Fence,
    /// When it began.
    pub started_at: Timestamp,
    /// How far it is.
    pub record: ReconciliationRecord,
}

/// What a reconciliation compares next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// A page of a listing.
    Listed(Vec<Listed>),
    /// Items that should be there and were not listed, after the item with this number.
    Unseen {
        /// The number; 0 at first.
        after: i64,
        /// At most this many.
        limit: usize,
    },
    /// Items of a destination that cannot be listed, after the item with this number.
    Each {
        /// The number; 0 at first.
        after: i64,
        /// At most this many.
        limit: usize,
    },
}

/// What a comparison met. What changed since the reconciliation began is left out: it is on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Entries that were never ours.
    pub unmanaged: u64,
    /// Items that are to be looked at.
    pub suspects: u64,
    /// The number of the last item, where items were gone through.
    pub last: Option<i64>,
}

/// How a reconciliation stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Items that should be there.
    pub expected: u64,
    /// Those of them that were met.
    pub met: u64,
    /// Items that are yet to be looked at.
    pub waiting: u64,
    /// Items that are as desired.
    pub in_sync: u64,
    /// Items that have drifted.
    pub drift: BTreeMap<Drift, u64>,
}

/// Where a reconciliation is after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub id: ReconciliationId,
    /// The right to it.
    pub fence: Fence,
    /// How it is.
    pub state: ReconciliationState,
    /// How far it is.
    pub record: ReconciliationRecord,
    /// When it goes on, from now.
    pub next: Duration,
}

/// Which drift.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriftFilter {
    /// Only this owner's; `None` for all.
    pub owner: Option<String>,
    /// At this destination.
    pub destination: Option<String>,
    /// Of this kind.
    pub kind: Option<Drift>,
    /// In this environment.
    pub environment: Option<String>,
    /// Of this content.
    pub content_id: Option<String>,
    /// Met by this reconciliation, while it runs.
    pub reconciliation: Option<ReconciliationId>,
}

/// An item that has drifted at a destination.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftedView {
    /// Its place in the list, by which it is adopted.
    #[serde(skip)]
    pub place: i64,
    /// The item.
    pub content_id: String,
    /// Owner.
    pub owner: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// The destination.
    pub destination: String,
    /// Which kind.
    pub kind: Drift,
    /// When it was found first.
    pub found_at: Timestamp,
    /// What is desired.
    pub desired_action: Action,
    /// Which generation is desired.
    pub desired_generation: Generation,
    /// Which generation was last verified as shown.
    pub shown_generation: Option<Generation>,
    /// The job that brought it there.
    pub job_id: JobId,
    /// The destination's ids of it, as last verified.
    pub downstream_ids: BTreeMap<String, String>,
    /// Where the public saw it.
    pub url: Option<String>,
    /// The fingerprint of what was verified last.
    pub verified_fingerprint: Option<String>,
    /// The fingerprint of what is there; absent where nothing of ours is.
    pub seen_fingerprint: Option<String>,
}

impl DriftedView {
    /// Its item.
    #[must_use]
    pub fn item(&self) -> ItemKey {
        ItemKey {
            owner: self.owner.clone(),
            environment: self.environment.clone(),
            content_id: self.content_id.clone(),
            locale: self.locale.clone(),
        }
    }

    /// Its repair, for a person who has seen what is there and asks for it.
    #[must_use]
    pub fn repair_by(&self, actor: &str) -> Rerun {
        self.repair(true, actor, "drift_repair".into())
    }

    /// What makes it as desired again. `overwrites`: also what somebody made of it.
    #[must_use]
    pub fn repair(&self, overwrites: bool, actor: &str, cause: String) -> Rerun {
        Rerun {
            item: self.item(),
            destination: self.destination.clone(),
            generation: self.desired_generation,
            class: Class::Reconcile,
            overwrites,
            if_relevant: None,
            actor: actor.to_owned(),
            cause,
        }
    }
}

/// The part of the memory that brings destinations back to what is desired.
pub trait Reconciling: Send + Sync {
    /// Queues a new job for each generation that is desired still and has no open job there. One outcome
    /// each, in order. Desired state keeps its generation, so that nothing goes back.
    fn rerun(&self, reruns: Vec<Rerun>) -> Stored<'_, Vec<RerunOutcome>>;

    /// Begins a reconciliation, one at a time for each destination.
    fn begin_reconciliation(&self, new: NewReconciliation) -> Stored<'_, Begun>;

    /// Takes a reconciliation of one of these destinations that is to go on, for this long.
    fn take_reconciliation(
        &self,
        destinations: Vec<String>,
        lease: Duration,
    ) -> Stored<'_, Option<ReconciliationTask>>;

    /// Compares and remembers what was met; what differs or may differ is to be looked at at once. `None`:
    /// somebody else has the reconciliation, or it has ended. Doing it again changes nothing.
    fn compare(&self, task: &ReconciliationTask, what: Comparison) -> Stored<'_, Option<Compared>>;

    /// How a reconciliation stands.
    fn tally(&self, id: ReconciliationId) -> Stored<'_, Tally>;

    /// Keeps where a reconciliation is; `false` when somebody else has it, or it has ended.
    fn keep_reconciliation(&self, progress: Progress) -> Stored<'_, bool>;

    /// Ends a reconciliation; as it is then. `None`: there is none.
    fn abort_reconciliation(
        &self,
        id: ReconciliationId,
        actor: &str,
    ) -> Stored<'_, Option<ReconciliationView>>;

    /// A reconciliation.
    fn reconciliation(&self, id: ReconciliationId) -> Stored<'_, Option<ReconciliationView>>;

    /// Reconciliations, newest first; of one destination if it is named.
    fn reconciliations(
        &self,
        destination: Option<String>,
        page: Page,
    ) -> Stored<'_, Paged<ReconciliationView>>;

    /// What has drifted.
    fn drifted(&self, filter: DriftFilter, page: Page) -> Stored<'_, Paged<DriftedView>>;

    /// Takes what is there for the new baseline; whether each had drifted into something that is there, and is
    /// still as it was seen. What has gone cannot be taken for anything.
    fn adopt(&self, seen: Vec<DriftedView>, actor: &str) -> Stored<'_, Vec<bool>>;
}
