//! What intake decides on: a submission, the facts that were found, and what may come of it.
//!
//! Ensures that a decision is a value: whoever carries it out needs nothing else. Decides nothing.

use super::API;
use crate::answer::Answer;
use crate::canonical::Fingerprint;
use crate::dependency::Place;
use crate::ids::PublishId;
use crate::item::{Action, ItemKey};
use crate::lifecycle::PendingReason;
use crate::payload::StoredMedia;
use crate::problem::Problem;
use crate::request::PublishRequest;
use crate::source::ALL_LOCALES;
use crate::time::Timestamp;
use crate::version::{Generation, Version};

/// Who makes a new generation of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Its producer.
    #[default]
    Producer,
    /// Its producer, asked by us: no webhook told of it.
    Poll,
    /// A person, who edits it or goes back to an older body. The producer's version mark stays, and with it
    /// what its next version is compared with.
    Person {
        /// The newest generation that the person saw.
        seen: Generation,
        /// The generation whose body it is; `None` for an edit.
        restores: Option<Generation>,
        /// The slug that goes with that body.
        slug: Option<String>,
    },
}

/// A destination where a run can begin in the moment of acceptance: there is room for it, and nobody waits for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The destination's name.
    pub destination: String,
    /// How long the run would have its job.
    pub lease: std::time::Duration,
}

/// A checked request on its way into the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// The item.
    pub item: ItemKey,
    /// The key (the request id).
    pub key: String,
    /// The request as decoded.
    pub request: PublishRequest,
    /// [`crate::request::Fingerprints::request`].
    pub fingerprint: Fingerprint,
    /// Over the payload alone.
    pub body: Fingerprint,
    /// Where it came from: [`API`] for API clients, else the source's name.
    pub source: String,
    /// Who sent it, as in `token:ops`.
    pub actor: String,
    /// Destinations by name or by route.
    pub targets: Vec<String>,
    /// Its media, where all their bytes are kept already: stored with the revision at acceptance.
    /// `None`: some must be fetched first (it waits as `pending: media`).
    pub media: Option<Vec<StoredMedia>>,
    /// The raw bytes of the request, kept as they came.
    pub raw: bytes::Bytes,
    /// The headers that it came with, as far as they are kept.
    pub headers: Vec<(String, String)>,
    /// Where in `raw` the payload stands as it is, in bytes; `None` when it does not.
    pub payload_place: Option<std::ops::Range<usize>>,
    /// When it came, by the store's clock.
    pub received_at: Timestamp,
    /// How long its key is remembered.
    pub key_ttl: std::time::Duration,
    /// Who makes it.
    pub origin: Origin,
    /// Where a run of it can begin at once.
    pub offers: Vec<Offer>,
}

impl Submission {
    /// Whether it shows something and waits for nothing, as far as it says so itself.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let request = &self.request;
        let shows = request.payload.is_some() && !request.action.removes();
        let waits = request.publish_at.is_some() || !request.dependencies().is_empty();
        shows && !waits && self.media.is_some()
    }

    /// For how long a run of it would have its job at a destination, if one can begin there at once.
    #[must_use]
    pub fn offered(&self, destination: &str) -> Option<std::time::Duration> {
        let offer = self
            .offers
            .iter()
            .find(|offer| offer.destination == destination);
        offer.map(|offer| offer.lease)
    }

    /// The generation that it goes back to.
    #[must_use]
    pub fn restores(&self) -> Option<Generation> {
        match &self.origin {
            Origin::Producer | Origin::Poll => None,
            Origin::Person { restores, .. } => *restores,
        }
    }

    /// The item that stands for this content in all its locales; `None` where nobody speaks of all at once.
    #[must_use]
    pub fn whole(&self) -> Option<ItemKey> {
        (self.source != API && self.item.locale != ALL_LOCALES).then(|| ItemKey {
            locale: ALL_LOCALES.into(),
            ..self.item.clone()
        })
    }
}

/// What the store found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The record under the key, if it has not expired.
    pub key: Option<KeyRecord>,
    /// The item, if it is known.
    pub item: Option<ItemRecord>,
    /// What was said of the content in all its locales at once, for submissions of sources.
    pub whole: Option<ItemRecord>,
    /// Other items that hold the wanted slug, or wait for it.
    pub slug_holders: Vec<SlugHolder>,
    /// The places of each content that the submission depends on.
    pub dependencies: Vec<(String, Vec<Place>)>,
}

/// A key that was used.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRecord {
    /// Of the request that used it.
    pub fingerprint: Fingerprint,
    /// What it got.
    pub answer: Answer,
}

/// What is known of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRecord {
    /// The source of its first version.
    pub source: String,
    /// The newest accepted version.
    pub version: Version,
    /// The newest accepted generation.
    pub generation: Generation,
    /// The action of the newest accepted generation.
    pub action: Action,
    /// Over the payload of the newest accepted generation.
    pub body: Fingerprint,
    /// The publish that brought it.
    pub publish: PublishId,
    /// The slug that the item claims.
    pub slug: Option<String>,
    /// Destinations with a job of the newest generation.
    pub targets: Vec<String>,
    /// Destinations that desire any generation of the item.
    pub desired_at: Vec<String>,
    /// Publishes that wait for their `publish_at`.
    pub scheduled: Vec<PublishId>,
    /// Whether the newest generation is a person's, not the producer's.
    pub revised: bool,
}

/// Another item with a claim on the wanted slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlugHolder {
    /// Whose claim.
    pub content_id: String,
    /// Whether that item is giving the slug up.
    pub leaving: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Intake {
    /// The key was seen: its stored answer, replayed.
    Replay(Answer),
    /// The content was seen under another key: remember the key, change nothing.
    Duplicate(Answer),
    /// Older than what is stored: remember the key, record it, change nothing.
    Stale(Answer),
    /// A new generation.
    Accept(Accept),
    /// The accepted generation, for destinations that do not have it yet.
    Extend(Accept),
    /// Nothing is stored.
    Refuse(Problem),
}

/// A publish to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Accept {
    /// Given or assigned.
    pub version: Version,
    /// The producer's newest version: what its next is compared with.
    pub mark: Version,
    /// Over the producer's payload of that version.
    pub body: Fingerprint,
    /// Whether it is a person's, not the producer's.
    pub revised: bool,
    /// The generation that carries it.
    pub generation: Generation,
    /// The claimed slug; `None` for removals, which give it up.
    pub slug: Option<String>,
    /// Destinations, one job each.
    pub targets: Vec<String>,
    /// Scheduled publishes that it replaces.
    pub supersedes: Vec<PublishId>,
    /// What holds it back, most lasting first; empty: released at once.
    pub waits: Vec<PendingReason>,
    /// What must be live when it is released; empty where it is released at once.
    pub depends_on: Vec<String>,
    /// Whether the version was assigned by us: then the key is kept as long as the revisions.
    pub assigned: bool,
    /// The newest generation of the item after this.
    pub item: ItemKey,
}
