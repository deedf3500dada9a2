//! What must be so, known from outside: what was acknowledged, who has which right, what is shown.
//!
//! Ensures that every promise that a step could break is judged by means of its own: nothing here
//! asks the product's rules what they would have done, except for the names that it derives.

mod accepted;
mod dependencies;
mod end;
mod erased;
mod grants;
mod intake;
mod log;
mod mended;
mod messages;
mod mirror;
mod operated;
mod paced;
mod pauses;
mod replays;
mod reruns;
mod revised;
mod shown;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use slugline_core::http::Request;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::item::{Action, Class, ItemKey};
use slugline_core::lifecycle::JobState;
use slugline_core::pause::Pausable;
use slugline_core::payload::Payload;
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use crate::faults::Kind;
use crate::plan::Plan;

pub(crate) use dependencies::{NEVER, SHORT_PATIENCE};
pub(crate) use grants::Asker;
pub(crate) use mirror::MIRROR;
pub(crate) use shown::item_of;
pub(crate) use webhooks::{SOURCE, judge_captured};

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which, as in `P3`.
    pub promise: &'static str,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

/// Whether all is well.
pub(crate) type Judged = Result<(), Broken>;

/// Says that a promise is broken.
pub(crate) fn broken<T>(promise: &'static str, what: impl Into<String>) -> Result<T, Broken> {
    Err(Broken {
        promise,
        what: what.into(),
    })
}

/// The name of the blog's destination.
pub(crate) const AT_BLOG: &str = "wordpress";
/// The name of the hook's destination.
pub(crate) const AT_HOOK: &str = "webhook";

/// See the module.
#[derive(Default)]
pub(crate) struct Model {
    /// The installation's id, part of derived names.
    installation: String,
    items: BTreeMap<ItemKey, intake::Item>,
    keys: BTreeMap<(String, String, String), intake::Key>,
    publishes: BTreeMap<PublishId, Publish>,
    jobs: BTreeMap<JobId, Job>,
    /// The job that has each item's place at each destination: the last that was released there.
    places: BTreeMap<(ItemKey, String), JobId>,
    grants: grants::Grants,
    judges_leases: bool,
    /// Whether messages must come in order: not where one may come after its sender is gone.
    judges_order: bool,
    log: log::Seen,
    pauses: BTreeSet<Pausable>,
    paces: paced::Paces,
    replays: replays::Replays,
    ties: dependencies::Ties,
    shown: shown::Shows,
    reruns: reruns::Reruns,
    mended: mended::Mended,
    operated: operated::Operated,
    revised: revised::Revisions,
    messages: messages::Messages,
    webhooks: webhooks::Webhooks,
    /// While it is judged what comes of a slug that was given back.
    takes_slugs_as_free: bool,
    /// Derived slugs, and whose they are.
    derived: BTreeMap<String, ItemKey>,
    /// Slugs that persons took.
    pub(crate) persons: BTreeSet<String>,
}

/// A publish that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Publish {
    item: ItemKey,
    key: String,
    generation: Generation,
    /// The generation whose body it brings back.
    restores: Option<Generation>,
    action: Action,
    payload: Option<Payload>,
    /// Its time, where that lay ahead.
    publish_at: Option<Timestamp>,
    targets: BTreeSet<String>,
    class: Class,
    depends_on: Vec<String>,
    /// By the store's clock.
    received_at: Timestamp,
    accepted_at: Duration,
    released: bool,
    /// A newer one replaced it before it was released.
    replaced: bool,
    /// Its words were erased.
    erased: bool,
}

/// A job, by what the log said of it.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    publish: PublishId,
    destination: String,
    state: JobState,
    /// It had its item's place once.
    placed: bool,
    /// How often it was taken, for a run or a look.
    runs: i64,
    claimed_at: Duration,
    live_at: Option<Duration>,
}

impl Model {
    /// A model that knows nothing yet.
    pub(crate) fn new(installation: &str, plan: &Plan) -> Self {
        Self {
            installation: installation.to_owned(),
            judges_leases: !plan.has(Kind::StoreClock),
            judges_order: !plan.has(Kind::Late),
            paces: paced::Paces::of(plan),
            replays: replays::Replays::of(plan),
            ..Self::default()
        }
    }

    /// The item whose draft a request is about, by its derived slug.
    pub(crate) fn item_of_draft(&self, request: &Request) -> Option<ItemKey> {
        let text = format!("{} {}", request.url, String::from_utf8_lossy(&request.body));
        let found = self
            .derived
            .iter()
            .find(|(slug, _)| text.contains(slug.as_str()));
        found.map(|(_, item)| item.clone())
    }

    fn publish_of(&self, job: JobId) -> Option<(&Job, &Publish)> {
        let job = self.jobs.get(&job)?;
        Some((job, self.publishes.get(&job.publish)?))
    }

    /// The newest generation of an item that was released to a destination, with its publish.
    fn desired(&self, item: &ItemKey, destination: &str) -> Option<&Publish> {
        let place = (item.clone(), destination.to_owned());
        let (_, publish) = self.publish_of(*self.places.get(&place)?)?;
        Some(publish)
    }

    /// A job takes its item's place at its destination.
    fn take_place(&mut self, id: JobId) {
        let Some((job, publish)) = self.publish_of(id) else {
            return;
        };
        let place = (publish.item.clone(), job.destination.clone());
        self.places.insert(place, id);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.placed = true;
        }
    }

    /// Jobs that are not final.
    pub(crate) fn open_jobs(&self) -> usize {
        self.jobs
            .values()
            .filter(|job| !job.state.is_final())
            .count()
    }
}
