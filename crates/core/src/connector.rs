//! What a vendor's code looks like from outside.
//!
//! Ensures that every vendor has the same few faces, so that one loop drives them all:
//! observe → decide → act → verify. The loop is the engine's; the decision is [`crate::decide`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::credential::Renewal;
use crate::decide::{Decision, Observed};
use crate::failure::Failure;
use crate::item::{Action, ItemKey};
use crate::lane::LaneScope;
use crate::payload::{Payload, StoredMedia};
use crate::port::{BoxFuture, Port};
use crate::time::Timestamp;
use crate::version::{Generation, Version};

/// What a connector may rely on and must say of its vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// The vendor's `type` in configuration.
    pub kind: &'static str,
    /// What must be serial.
    pub lane: LaneScope,
    /// Whether the destination can be read back; otherwise acceptance is all there is.
    pub readable: bool,
    /// What sending the same write again means.
    pub repeat: Repeat,
    /// Whether it can hold drafts.
    pub drafts: bool,
    /// How long after the client gave up a write may still be committed; `None`: three timeouts.
    pub commit_window: Option<Duration>,
    /// How long readers may lag behind a write before a difference counts.
    pub verify_window: Duration,
    /// Runs at once when configuration does not say.
    pub concurrency: usize,
    /// Longest time for one request when configuration does not say.
    pub timeout: Duration,
    /// What the vendor is known to change in what it stores, for people.
    pub transforms: &'static [&'static str],
}

/// What sending the same write again means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// It is looked up first, so it is not repeated.
    LooksUp,
    /// The receiver recognises the same id for this long.
    Dedupes(Duration),
    /// Repeating changes nothing.
    Harmless,
    /// It may happen twice.
    MayDuplicate,
}

/// One run's task: what should be so at the destination.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// The item.
    pub item: ItemKey,
    /// The destination's name.
    pub destination: String,
    /// What is desired.
    pub action: Action,
    /// The generation to show.
    pub generation: Generation,
    /// The producer's version of it.
    pub version: Version,
    /// The request that asked for it.
    pub request_id: String,
    /// When it was released: the date of going live.
    pub released_at: Timestamp,
    /// The claimed slug. For a removal: that of the last generation with a body, if any.
    pub slug: String,
    /// The content; for a removal that of the last generation with a body, if any.
    pub payload: Payload,
    /// The media, with their stored bytes' hashes.
    pub media: Vec<StoredMedia>,
    /// The slug of the invisible draft; see [`crate::key::derived_slug`].
    pub derived_slug: String,
    /// Stable across attempts; see [`crate::key::LogicalKey::delivery_id`].
    pub delivery_id: String,
    /// The installation's id, as in the name of what it tells a destination.
    pub installation: String,
    /// Whether this item was ever verified as shown at this destination.
    pub was_shown: bool,
}

/// What a read-back says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// As desired.
    Matched(Shown),
    /// Not (yet): field by field.
    Differs(Vec<Difference>),
}

/// What was seen, or acknowledged where nothing can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The destination's ids, such as `{"post": "17"}`.
    pub downstream_ids: BTreeMap<String, String>,
    /// Over the canonical form of what was read; empty where nothing can be read.
    pub fingerprint: String,
    /// Where the public sees it, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A page of what is at a destination, whoever wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its entries.
    pub entries: Vec<Listed>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// An entry of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name, as the effect [`crate::port::ENTRY`] has it.
    pub name: String,
    /// The fingerprint that an observation of it has; `None` where the page does not carry enough.
    pub fingerprint: Option<String>,
}

/// A field that does not show what is desired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field, as in `payload.title`.
    pub field: String,
    /// What was wanted and what was found, shortened.
    pub detail: String,
}

/// A vendor's connector, configured for one destination.
pub trait Connector: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// What the vendor cannot hold, known before anything is sent.
    fn check(&self, work: &Work) -> Result<(), Failure>;

    /// How its credential is renewed, where it rotates: requests that are `authorized` then carry the
    /// current one, and one that is refused is renewed once and the request sent once more.
    fn renewal(&self) -> Option<&dyn Renewal> {
        None
    }

    /// The results of the effect [`crate::port::ENTRY`] that name an entry which the vendor's webhooks call
    /// `entry`; empty where entries are not remembered under names that webhooks know.
    fn entry_refs(&self, entry: &str) -> Vec<String> {
        let _ = entry;
        Vec::new()
    }

    /// A page of all that is there, in whatever state, ours or not, from the beginning or from where the
    /// page before ended. An entry that is there all the time is on one of the pages. `None`: it cannot
    /// be listed.
    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        port: &'a dyn Port,
    ) -> Option<BoxFuture<'a, Result<Listing, Failure>>> {
        let _ = (cursor, port);
        None
    }

    /// Looks at the destination: by effect first, else by natural or derived key.
    fn observe<'a>(
        &'a self,
        work: &'a Work,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<Observed, Failure>>;

    /// Carries out `Create`, `Update`, `Remove` or `Signal` in steps, each remembered before the
    /// next begins; a step that ran is looked up.
    fn act<'a>(
        &'a self,
        work: &'a Work,
        decision: &'a Decision,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Reads back and compares, media included.
    fn verify<'a>(
        &'a self,
        work: &'a Work,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<Verification, Failure>>;

    /// Removes what an unknown write may have left (twins under derived names), and nothing that is
    /// not ours. Part of the second look.
    fn tidy<'a>(&'a self, work: &'a Work, port: &'a dyn Port)
    -> BoxFuture<'a, Result<(), Failure>>;

    /// Undoes those effects of a dead job that nothing desired uses, such as its invisible draft.
    fn undo<'a>(&'a self, work: &'a Work, port: &'a dyn Port)
    -> BoxFuture<'a, Result<(), Failure>>;

    /// Removes a medium that we uploaded (`result_ref` of its effect) and nothing uses any more.
    fn discard_media<'a>(
        &'a self,
        result_ref: &'a str,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Checks reachability and credentials without changing anything; says what it found.
    fn probe<'a>(&'a self, port: &'a dyn Port) -> BoxFuture<'a, Result<String, Failure>>;
}
