//! What goes into the store, and what its writing operations answer.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use slugline_core::answer::Answer;
use slugline_core::connector::Shown;
use slugline_core::drift::Drift;
use slugline_core::exchange::Exchange;
use slugline_core::ids::{Fence, JobId, PublishId};
use slugline_core::item::{Action, Class, ItemKey};
use slugline_core::lane::LaneScope;
use slugline_core::lifecycle::Verdict;
use slugline_core::pace::Pace;
use slugline_core::payload::{Payload, StoredMedia};
use slugline_core::port::EffectKey;
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};

/// How full the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// Jobs that are not final.
    pub open_jobs: u64,
    /// Bytes free on the disk that holds it; `u64::MAX` where that is not ours to watch.
    pub free_bytes: u64,
    /// Submissions that wait for their commit.
    pub waiting: usize,
}

/// A destination as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its name.
    pub name: String,
    /// What must be serial there.
    pub lane: LaneScope,
    /// Its request timeout: an expired lease is retaken one such time later.
    pub request_timeout: Duration,
    /// How long after a write of unknown outcome the lane is looked at again; `None` where nothing
    /// can be looked at.
    pub commit_window: Option<Duration>,
    /// When publishes may begin there; at any time when `None`.
    pub pace: Option<Pace>,
}

/// What became of a submission that was not refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The answer.
    pub answer: Answer,
    /// What kind of decision it was; gives the HTTP status and the counter.
    pub kind: DecidedKind,
    /// Its jobs that were taken for runs in the moment of acceptance, as [`slugline_core::intake::Offer`]s allowed.
    pub begun: Vec<ClaimedJob>,
}

impl Decided {
    /// What begins nothing.
    #[must_use]
    pub fn new(answer: Answer, kind: DecidedKind) -> Self {
        Self {
            answer,
            kind,
            begun: Vec::new(),
        }
    }
}

/// The kinds of decisions that answer 2xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedKind {
    /// A new generation, or more destinations for one: 202.
    Accepted,
    /// The stored answer of the key: 200, `Idempotency-Replayed: true`.
    Replayed,
    /// The same content under another key: 200.
    Duplicate,
    /// Stale: 200.
    Stale,
}

/// Wanted jobs of one class at one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The destination's name.
    pub destination: String,
    /// The class; ignored by `claim_looks`.
    pub class: Class,
    /// At most this many.
    pub limit: usize,
    /// What it shares with the other wants of one claim.
    pub room: Room,
    /// For how long.
    pub lease: Duration,
}

/// Free slots that the wants of one claim share: which of them has jobs is known only to the store, so
/// none may reserve what another could use. Unlimited unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// At the destination, for all classes.
    pub destination: usize,
    /// For the class, at all destinations.
    pub class: usize,
    /// In all.
    pub node: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            destination: usize::MAX,
            class: usize::MAX,
            node: usize::MAX,
        }
    }
}

impl Want {
    /// How many it may still take, after those that this claim took already.
    #[must_use]
    pub fn left(&self, taken: &[ClaimedJob]) -> usize {
        let taken = taken
            .iter()
            .map(|job| (job.destination.as_str(), job.class));
        self.left_after(taken)
    }

    /// The same, where of the jobs taken only destination and class are known yet.
    pub fn left_after<'a>(&self, taken: impl Iterator<Item = (&'a str, Class)> + Clone) -> usize {
        let at = taken.clone().filter(|(name, _)| *name == self.destination);
        let of = taken.clone().filter(|(_, class)| *class == self.class);
        let own = at.clone().filter(|(_, class)| *class == self.class);
        let free = [
            self.room.destination.saturating_sub(at.count()),
            self.room.class.saturating_sub(of.count()),
            self.room.node.saturating_sub(taken.count()),
        ];
        let left = self.limit.saturating_sub(own.count());
        free.into_iter().fold(left, usize::min)
    }
}

/// Jobs taken, and when to ask again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claimed {
    /// The jobs, under lease.
    pub jobs: Vec<ClaimedJob>,
    /// When the next job of the wanted destinations becomes due, if any waits for its time.
    pub next_due: Option<Timestamp>,
}

/// A job under lease, with all that its run needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedJob {
    /// The job.
    pub job: JobId,
    /// Its publish.
    pub publish: PublishId,
    /// The right to settle.
    pub fence: Fence,
    /// How long the lease lasts from the moment the claim was asked for.
    pub lease: Duration,
    /// Attempts that counted, this one included.
    pub attempt: u32,
    /// The destination's name.
    pub destination: String,
    /// Its class.
    pub class: Class,
    /// The item.
    pub item: ItemKey,
    /// What is desired.
    pub action: Action,
    /// The generation that the job carries.
    pub generation: Generation,
    /// The generation that is desired now.
    pub newest: Generation,
    /// The producer's version.
    pub version: Version,
    /// The request.
    pub request_id: String,
    /// When its publish was released.
    pub released_at: Timestamp,
    /// When the job was queued first: its class's patience counts from then.
    pub queued_at: Timestamp,
    /// Whether it replaces what somebody else made of the entry; as the destination says when `None`.
    pub overwrites: Option<bool>,
    /// The claimed slug; of the last generation with a body for a removal.
    pub slug: String,
    /// The payload; of the last generation with a body for a removal.
    pub payload: Payload,
    /// Its media.
    pub media: Vec<StoredMedia>,
    /// The item's effects at this destination.
    pub effects: BTreeMap<String, String>,
    /// What was last verified as shown here, if anything.
    pub shown: Option<(Generation, Shown)>,
    /// Whether nothing of ours was written since `shown` was verified, so that a difference is
    /// somebody else's change.
    pub undisturbed: bool,
    /// The fingerprint of what somebody made of it and a person said to leave so.
    pub adopted: Option<String>,
    /// Whether a write since then has an unknown outcome (a second look is owed).
    pub owes_look: bool,
    /// For looks: the state that the job ended in. It is a second look if it `owes_look`, else one for drift.
    pub ended: Option<slugline_core::lifecycle::JobState>,
}

/// A lease to be prolonged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// The right to it.
    pub fence: Fence,
    /// From now on.
    pub lease: Duration,
}

/// An effect to be remembered or forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectChange {
    /// The run's job.
    pub job: JobId,
    /// The right to write.
    pub fence: Fence,
    /// Which effect.
    pub key: EffectKey,
    /// Its result; `None` to forget it.
    pub result_ref: Option<String>,
}

/// The short lease on a shared thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The run's job.
    pub job: JobId,
    /// Its right.
    pub fence: Fence,
    /// The shared effect's key.
    pub key: EffectKey,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// The job.
    pub job: JobId,
    /// The right to settle.
    pub fence: Fence,
    /// The job's class: the ends of urgent runs are kept first.
    pub class: Class,
    /// How it ended.
    pub verdict: Verdict,
    /// What was verified as shown.
    pub shown: Option<Shown>,
    /// When the run began.
    pub started_at: Timestamp,
    /// Requests that it sent.
    pub requests: u32,
    /// The last of them with what came of each, if it failed.
    pub exchanges: Vec<Exchange>,
    /// Whether it may have written something: then drift can no longer be told from our own write.
    pub wrote: bool,
    /// After an unknown write: when the lane's second look is due, from now.
    pub look_after: Option<Duration>,
    /// Whether this run was a look that is paid with it.
    pub looked: bool,
    /// What a look for drift found.
    pub drift: Option<Found>,
}

/// Drift that a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which kind.
    pub kind: Drift,
    /// The fingerprint of what is there; `None` where nothing of ours is.
    pub fingerprint: Option<String>,
}

/// What a release pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Publishes released.
    pub released: usize,
    /// Slugs that became free.
    pub slugs_freed: usize,
    /// Publishes given up, because what they depend on did not go live or depends on them.
    pub given_up: usize,
}

/// A class's deadline: time from release after which a queued job is given up, and time that a publish
/// waits for what it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The class.
    pub class: Class,
    /// Its patience.
    pub after: Duration,
}

impl Deadline {
    /// A class's patience; `None` where nobody gives up.
    #[must_use]
    pub fn of(class: Class, deadlines: &[Self]) -> Option<Duration> {
        let deadline = deadlines.iter().find(|deadline| deadline.class == class);
        deadline.map(|deadline| deadline.after)
    }
}

/// A publish whose media are to be fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedMedia {
    /// The publish.
    pub publish: PublishId,
    /// Its item.
    pub item: ItemKey,
    /// The payload that names the media.
    pub payload: Payload,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Its class.
    pub class: Class,
}

/// Bytes to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMedia {
    /// Lower-case hex.
    pub sha256: String,
    /// Found from the bytes.
    pub content_type: String,
    /// The bytes.
    pub bytes: Bytes,
}

/// What is known of kept bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// Lower-case hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Found from the bytes.
    pub content_type: String,
}

/// An uploaded medium that nothing uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrphanMedia {
    /// Where it was uploaded.
    pub destination: String,
    /// The effect's key, `media:<sha256>`.
    pub key: String,
    /// The effect's result.
    pub result_ref: String,
}

/// What is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Bodies of revisions that are neither desired nor accepted last, and raw requests.
    pub revisions: Duration,
    /// Finished jobs' attempts.
    pub attempts: Duration,
    /// Whole sealed segments of the log; their hashes stay.
    pub log: Duration,
    /// Bytes of media that no kept revision names.
    pub media: Duration,
}

/// What a check of the log found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCheck {
    /// Entries read.
    pub entries: u64,
    /// Sealed segments whose hash was computed again.
    pub segments: u64,
    /// Entries after the last sealed segment: checked for gaps only.
    pub unsealed: u64,
    /// What is wrong; empty when whole.
    pub faults: Vec<String>,
}

/// A token as it is kept: never the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// Its name.
    pub name: String,
    /// SHA-256 of the token, lower-case hex.
    pub hash: String,
    /// `viewer`, `editor`, `operator` or `admin`.
    pub role: String,
    /// The owner that it acts for.
    pub owner: String,
    /// Environments that it may write to; empty for all.
    pub environments: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
}
