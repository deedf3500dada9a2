//! The store port: the memory, in the words of the domain.
//!
//! Ensures that engine and web say what they want and not how it is kept; every operation is
//! set-based, so that an implementation can share one durable commit among concurrent callers.
//! Leases and due times are by the store's clock, never a node's.

mod console;
mod control;
mod credential;
mod desk;
mod inbox;
mod read;
mod reconciling;
mod replaying;
mod sessions;
mod views;
mod webhook;
mod write;

pub use console::*;
pub use control::*;
pub use credential::*;
pub use desk::*;
pub use inbox::Inbox;
pub use read::*;
pub use reconciling::*;
pub use replaying::*;
pub use sessions::*;
pub use views::Views;
pub use webhook::*;
pub use write::*;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use slugline_core::intake::Submission;
use slugline_core::payload::StoredMedia;
use slugline_core::port::BoxFuture;
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;

/// Why the store did not do it. Nothing of the operation is kept, unless it is
/// [`StoreError::Unavailable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// No room on disk; free some, and it resumes by itself.
    Full(String),
    /// The data is damaged; the text says which file and what to do.
    Corrupt(String),
    /// The store cannot be reached now; it may be again. Where it was lost while the operation was
    /// under way, nobody knows whether it was kept.
    Unavailable(String),
    /// A fault of ours.
    Internal(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(why) => write!(f, "the disk is full: {why}"),
            Self::Corrupt(why) => write!(f, "the data is damaged: {why}"),
            Self::Unavailable(why) => write!(f, "the store is not available: {why}"),
            Self::Internal(why) => write!(f, "the store failed: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// What the store answers.
pub type Stored<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The memory of a Slugline installation: what works on it; besides, what people see of it, what they do
/// and stop, what sources say, and who is signed in.
pub trait Store:
    Control + Desk + Inbox + Views + Overviews + Reconciling + Replaying + Sessions
{
    /// The store's clock; where that is another machine's, as last measured.
    fn now(&self) -> Timestamp;

    /// The installation's random id: part of every derived name.
    fn installation(&self) -> &str;

    /// Resolves when jobs may have become due since the last call resolved: accepted, released, or
    /// waiting in a lane that became free. Only a hint.
    fn nudged(&self) -> BoxFuture<'_, ()>;

    /// How full it is; cheap enough to ask for each request.
    fn pressure(&self) -> Pressure;

    /// Makes the configured destinations known, with their lanes.
    fn register(&self, destinations: Vec<Registration>) -> Stored<'_, ()>;

    /// Decides on submissions (`slugline_core::intake::decide`, under each item's lock) and carries
    /// the decisions out. Durable when it returns. One outcome per submission, in order.
    fn accept(&self, submissions: Vec<Submission>) -> Stored<'_, Vec<Result<Decided, Problem>>>;

    /// Takes due jobs under lease, the most urgent and oldest first; at most one per lane. May come
    /// back short while another node's claim has them in hand; `next_due` is now in that case.
    fn claim(&self, wants: Vec<Want>) -> Stored<'_, Claimed>;

    /// Takes lanes whose look is due, be it a second one that is owed or one for drift, and whose newest job
    /// has ended.
    fn claim_looks(&self, wants: Vec<Want>) -> Stored<'_, Claimed>;

    /// Prolongs leases, counted from the moment of asking; `false` for those that are lost.
    fn renew(&self, leases: Vec<Lease>) -> Stored<'_, Vec<bool>>;

    /// Remembers or forgets effects of runs that still hold their lease; `false` for those that
    /// do not. Durable when it returns.
    fn record(&self, effects: Vec<EffectChange>) -> Stored<'_, Vec<bool>>;

    /// The result of a shared effect at a destination.
    fn shared_effect(&self, destination: &str, key: &str) -> Stored<'_, Option<String>>;

    /// The entry of ours that has, or had, one of these names at a destination: results of the effect
    /// `slugline_core::port::ENTRY`.
    fn own_entry(&self, destination: &str, names: Vec<String>) -> Stored<'_, Option<OwnEntry>>;

    /// Has an entry of ours looked at after this time, whether it is still as desired; a look that is to
    /// come anyway is enough.
    fn check_soon(&self, destination: &str, entry: &str, after: Duration) -> Stored<'_, ()>;

    /// Takes the short lease on a shared thing for a run; `false` while another run holds it.
    /// It ends with `settle`, or when its run's lease does.
    fn hold(&self, holds: Vec<Hold>) -> Stored<'_, Vec<bool>>;

    /// Ends runs. `false` for those whose fence is lost: nothing of theirs is kept.
    fn settle(&self, settlements: Vec<Settlement>) -> Stored<'_, Vec<bool>>;

    /// Takes back jobs whose lease ran out `request_timeout` ago; their lanes owe a second look.
    fn rescue(&self, limit: usize) -> Stored<'_, usize>;

    /// Releases publishes that nothing holds back any more: desired state is written, older jobs
    /// are superseded, jobs are queued. Frees slugs whose dropping generation is verified. Gives up
    /// publishes that waited past their class's deadline for what they depend on, or that close a cycle.
    fn release(&self, deadlines: Vec<Deadline>, limit: usize) -> Stored<'_, Released>;

    /// Makes dead letters of queued jobs that passed their class's deadline.
    fn expire(&self, deadlines: Vec<Deadline>, limit: usize) -> Stored<'_, usize>;

    /// Publishes that wait for media to be fetched.
    fn wanted_media(&self, limit: usize) -> Stored<'_, Vec<WantedMedia>>;

    /// Says what became of fetching a publish's media.
    fn resolve_media(&self, resolved: Vec<ResolvedMedia>) -> Stored<'_, ()>;

    /// Keeps bytes under their SHA-256; durable when it returns.
    fn put_media(&self, media: NewMedia) -> Stored<'_, ()>;

    /// What is known of a medium; `None` when its bytes are not kept.
    fn media_info(&self, sha256: &str) -> Stored<'_, Option<MediaInfo>>;

    /// A medium's bytes.
    fn media(&self, sha256: &str) -> Stored<'_, Option<Bytes>>;

    /// Uploaded media that no kept revision uses, past the grace time.
    fn orphan_media(&self, grace: Duration, limit: usize) -> Stored<'_, Vec<OrphanMedia>>;

    /// Forgets an orphan's effect after it was removed at the destination.
    fn forget_orphan(&self, orphan: OrphanMedia) -> Stored<'_, ()>;

    /// Seals full segments of the log, and the last one when it is older than `max_age`.
    fn seal(&self, max_age: Duration) -> Stored<'_, usize>;

    /// Removes expired keys and what retention no longer keeps.
    fn prune(&self, policy: Retention, limit: usize) -> Stored<'_, usize>;

    /// Checks the log's chain.
    fn verify_log(&self) -> Stored<'_, LogCheck>;

    /// All tokens.
    fn tokens(&self) -> Stored<'_, Vec<TokenRecord>>;

    /// Adds a token (its hash); `false` when the name is taken.
    fn add_token(&self, token: TokenRecord) -> Stored<'_, bool>;

    /// Revokes a token; `false` when there is none of this name.
    fn revoke_token(&self, name: &str) -> Stored<'_, bool>;

    /// The newest credential of a line; `None` before its first renewal.
    fn credential(&self, name: &str) -> Stored<'_, Option<KeptCredential>>;

    /// Takes the right to renew a line's credential in place of the one of this `number` (0: before
    /// the first), for this long by the store's clock. A right whose lease has ended is taken over.
    fn begin_refresh(&self, name: &str, number: i64, lease: Duration) -> Stored<'_, RefreshRight>;

    /// Ends a renewal; `false` when its right was taken over or ended before: nothing of it is kept.
    /// Durable when it returns.
    fn end_refresh(&self, end: RefreshEnd) -> Stored<'_, bool>;

    /// Ends the store's own threads after what was handed in is durable.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Media of a publish, as resolved or failed.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedMedia {
    /// Which publish's.
    pub publish: slugline_core::ids::PublishId,
    /// All of them in payload order, or why one cannot be had.
    pub outcome: MediaOutcome,
}

/// What became of fetching.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaOutcome {
    /// All bytes are kept.
    Stored(Vec<StoredMedia>),
    /// Again at this time.
    Later(Timestamp, slugline_core::failure::Failure),
    /// Never: its jobs are dead letters.
    Failed(slugline_core::failure::Failure),
}
