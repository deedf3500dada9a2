//! The contract of every state destination with an API: whatever befalls its requests and whenever
//! a run dies, what it shows in the end is what is desired, and what others wrote is as they left it.
//!
//! A vendor is put through it by implementing [`Vendor`] over its fake and calling [`rehearse`].

mod check;
pub(crate) mod dice;
mod settle;
pub(crate) mod stage;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use slugline_connectors::fake::{Fake, Faults};
use slugline_core::connector::{Connector, Verification, Work};
use slugline_core::decide::{Decision, Desired, decide};
use slugline_core::failure::Failure;
use slugline_core::item::{Action, ItemKey};
use slugline_core::key::derived_slug;
use slugline_core::payload::{Payload, StoredMedia};
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};

use self::dice::Dice;
use self::stage::{Stage, StagePort};
use crate::port::end;

/// Items of one rehearsal; a person's posts collide with some of their slugs.
pub(crate) const SLUGS: [&str; 3] = ["alpha", "beta", "gamma"];
/// Runs while faults are on.
const RUNS: usize = 14;
/// The faults of a rehearsal: about a third of all requests.
const FAULTS: &str = "refuse=0.03,lose=0.05,cut=0.03,truncate=0.04,error_after=0.05,error_before=0.03,late=0.04@2s,late=0.03@20s,throttle=0.02,half=0.04";

/// A vendor's fake, and what can be seen at it without asking its API.
pub(crate) trait Vendor: AsMut<dyn Fake> + Send {
    /// The connector under test, pointed at the fake.
    fn connector() -> Box<dyn Connector>;
    /// A fresh fake.
    fn new() -> Self;
    /// A person publishes an entry; `at_once`: at the moment at which another one gets the slug.
    fn write_as_person(&mut self, slug: &str, title: &str, at_once: bool, now: Timestamp);
    /// What the public sees, by slug, a person's entries included.
    fn shown(&self) -> Vec<Entry>;
    /// Entries of ours that nobody sees.
    fn hidden(&self) -> usize;
    /// How many media there are.
    fn media(&self) -> usize;
}

/// A public entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) hero: Option<Bytes>,
    pub(crate) by_person: bool,
}

/// One item's story so far.
struct Story {
    work: Work,
    /// The last run's end: `None` is verified.
    failure: Option<Failure>,
}

/// Puts a vendor through the contract once for each seed.
pub(crate) fn rehearse<V: Vendor>(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let outcome = catch_unwind(AssertUnwindSafe(|| Rehearsal::<V>::new(seed).play()));
        assert!(
            outcome.is_ok(),
            "seed {seed} fails; the panic above says how"
        );
    }
}

struct Rehearsal<V> {
    stage: Stage<V>,
    connector: Box<dyn Connector>,
    stories: BTreeMap<usize, Story>,
    generation: i64,
}

impl<V: Vendor> Rehearsal<V> {
    fn new(seed: u64) -> Self {
        let stage = Stage::new(V::new(), Dice::new(seed), Faults::parse(FAULTS).unwrap());
        Self {
            stage,
            connector: V::connector(),
            stories: BTreeMap::new(),
            generation: 0,
        }
    }

    fn play(mut self) {
        for _ in 0..RUNS {
            let item = self.stage.dice.below(SLUGS.len());
            if !self.stories.contains_key(&item) || self.stage.dice.chance(0.35) {
                self.publish(item);
            }
            self.run(item);
        }
        self.settle();
        self.check();
    }

    /// A new generation of an item.
    fn publish(&mut self, item: usize) {
        self.generation += 1;
        let first = !self.stories.contains_key(&item);
        let action = match self.stage.dice.below(10) {
            0 | 1 if !first => Action::Unpublish,
            2 if !first => Action::Delete,
            _ => Action::Publish,
        };
        let was_shown = self
            .stories
            .get(&item)
            .is_some_and(|story| story.work.was_shown);
        let mut work = self.work(item, action);
        work.was_shown = was_shown;
        if let Some(story) = self.stories.get(&item).filter(|_| action.removes()) {
            work.payload = story.work.payload.clone();
            work.media = story.work.media.clone();
            work.slug = story.work.slug.clone();
        }
        self.stories.insert(
            item,
            Story {
                work,
                failure: Some(Failure::new(Reason::Interrupted, "not run")),
            },
        );
    }

    fn work(&mut self, item: usize, action: Action) -> Work {
        let key = ItemKey {
            owner: "o".into(),
            environment: "e".into(),
            content_id: item.to_string(),
            locale: "en".into(),
        };
        let generation = Generation(self.generation);
        let slug = match self.stage.dice.chance(0.2) {
            true => format!("{}-moved", SLUGS[item]),
            false => SLUGS[item].to_owned(),
        };
        Work {
            destination: "blog".into(),
            action,
            generation,
            version: Version::Number(generation.0),
            request_id: format!("r-{}", generation.0),
            released_at: self.stage.now,
            payload: self.payload(&slug),
            media: self.heroes(),
            derived_slug: derived_slug("i", &key, "blog"),
            delivery_id: format!("msg_{}", generation.0),
            was_shown: false,
            item: key,
            slug,
        }
    }

    fn payload(&mut self, slug: &str) -> Payload {
        let names = ["News", "R&D", "news"];
        let category = self
            .stage
            .dice
            .chance(0.5)
            .then(|| names[self.stage.dice.below(names.len())].to_owned());
        Payload {
            title: format!("generation {}", self.generation),
            slug: Some(slug.to_owned()),
            body: format!(
                "<p>Body {} <a href=\"https://x\" target=\"_blank\">x</a></p>",
                self.generation
            ),
            categories: category.into_iter().collect(),
            tags: vec!["a tag".into()],
            ..Payload::default()
        }
    }

    /// None, or one of a few pictures, so that items share some.
    fn heroes(&mut self) -> Vec<StoredMedia> {
        let number = self.stage.dice.below(5);
        if number == 0 {
            return Vec::new();
        }
        let bytes = format!("picture {number}");
        vec![StoredMedia {
            role: "hero".into(),
            sha256: self.stage.store(bytes.as_bytes()),
            filename: "hero.png".into(),
            content_type: "image/png".into(),
            size: bytes.len() as u64,
            alt: Some(format!("alt {number}")),
            url: None,
        }]
    }

    fn run(&mut self, item: usize) {
        let Some(story) = self.stories.get_mut(&item) else {
            return;
        };
        let port = StagePort::new(&mut self.stage, item);
        let outcome = one_run(self.connector.as_ref(), &story.work, &port);
        story.work.was_shown |= outcome.is_ok() && story.work.action == Action::Publish;
        story.failure = outcome.err();
    }
}

/// One run, as the engine does it.
pub(crate) fn one_run<V: Vendor>(
    connector: &dyn Connector,
    work: &Work,
    port: &StagePort<'_, V>,
) -> Result<(), Failure> {
    connector.check(work)?;
    let observed = end(connector.observe(work, port))?;
    let desired = Desired {
        action: work.action,
        carried: work.generation,
        newest: work.generation,
        undisturbed: None,
        protect_drift: false,
    };
    let decision = decide(&desired, &observed);
    if let Decision::Conflict(failure) = decision {
        return Err(failure);
    }
    end(connector.act(work, &decision, port))?;
    match end(connector.verify(work, port))? {
        Verification::Matched(_) => Ok(()),
        Verification::Differs(found) => {
            Err(Failure::new(Reason::VerifyMismatch, format!("{found:?}")))
        }
    }
}
