//! The contract of every destination: whatever befalls its requests and whenever a run dies, what it
//! shows in the end is what is desired, and what others wrote is as they left it. A vendor that cannot
//! do a thing says so by its capabilities, and is held to that.
//!
//! A vendor is put through it by implementing [`Vendor`] over its fake and one line:
//! `contract_tests!(Its)`.

mod by_hand;
mod check;
mod crashes;
pub(crate) mod dice;
mod listing;
mod manners;
mod settle;
pub(crate) mod stage;
mod vendor;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use slugline_connectors::fake::Faults;
use slugline_core::connector::{Connector, Shown, Verification, Work};
use slugline_core::decide::{Decision, Desired, decide};
use slugline_core::failure::Failure;
use slugline_core::item::{Action, ItemKey};
use slugline_core::key::derived_slug;
use slugline_core::payload::{Payload, StoredMedia};
use slugline_core::reason::Reason;
use slugline_core::version::{Generation, Version};

use self::dice::Dice;
use self::stage::{Stage, StagePort};
pub(crate) use self::vendor::{Entry, Spoil, Vendor};
use crate::port::end;

pub(crate) use by_hand::{drift_is_overwritten, drift_is_reported};
pub(crate) use crashes::a_crash_between_any_two_requests;
pub(crate) use listing::{a_listing_has_all_that_is_there, what_is_as_verified_is_listed_so};
pub(crate) use manners::*;

/// Makes a test of each part of the contract for a vendor.
macro_rules! contract_tests {
    ($vendor:ident) => {
        contract_tests!($vendor;
            whatever_befalls_its_requests_it_shows_what_is_desired,
            a_crash_between_any_two_requests,
            drift_is_overwritten,
            drift_is_reported,
            a_listing_has_all_that_is_there,
            what_is_as_verified_is_listed_so,
            a_refused_field_is_named,
            a_throttled_request_says_for_how_long,
            a_write_without_an_answer_is_unknown,
            refused_credentials_are_known_as_such,
            what_it_can_do_is_as_it_says,
        );
    };
    ($vendor:ident; $($test:ident,)*) => {
        mod contract {
            $(
                #[test]
                fn $test() {
                    $crate::contract::$test::<super::$vendor>();
                }
            )*
        }
    };
}
pub(crate) use contract_tests;

/// Items of one rehearsal; a person's posts collide with some of their slugs.
pub(crate) const SLUGS: [&str; 3] = ["alpha", "beta", "gamma"];
/// Runs while faults are on.
const RUNS: usize = 14;
/// The faults of a rehearsal: about a third of all requests.
const FAULTS: &str = "refuse=0.03,lose=0.05,cut=0.03,truncate=0.04,error_after=0.05,error_before=0.03,late=0.04@2s,late=0.03@20s,throttle=0.02,half=0.04";

/// One item's story so far.
struct Story {
    work: Work,
    /// What its generations carried, oldest first. Rollback is a new generation with an older one.
    bodies: Vec<Body>,
    /// The last run's end: `None` is verified.
    failure: Option<Failure>,
}

/// What a generation carries.
#[derive(Clone)]
struct Body {
    payload: Payload,
    media: Vec<StoredMedia>,
    slug: String,
}

impl Body {
    fn of(work: &Work) -> Self {
        Self {
            payload: work.payload.clone(),
            media: work.media.clone(),
            slug: work.slug.clone(),
        }
    }

    fn put_into(self, work: &mut Work) {
        work.payload = self.payload;
        work.media = self.media;
        work.slug = self.slug;
    }
}

/// Rehearses the vendor's days with faults and persons, once for each seed.
pub(crate) fn whatever_befalls_its_requests_it_shows_what_is_desired<V: Vendor>() {
    for seed in 0..V::SEEDS {
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
        let mut rehearsal = Self::calm(seed);
        rehearsal.stage.faults = Faults::parse(FAULTS).unwrap();
        rehearsal
    }

    /// One that nothing befalls.
    fn calm(seed: u64) -> Self {
        let stage = Stage::new(V::new(), Dice::new(seed), Faults::default());
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
            if self.stage.dice.chance(0.1) {
                self.meddle(item);
            }
        }
        self.settle();
        self.check();
    }

    /// A new generation of an item, perhaps with what an older one carried.
    fn publish(&mut self, item: usize) {
        let first = !self.stories.contains_key(&item);
        let action = match self.stage.dice.below(10) {
            0 | 1 if !first => Action::Unpublish,
            2 if !first => Action::Delete,
            _ => Action::Publish,
        };
        self.next(item, action);
        let story = self.stories.get_mut(&item).expect("it was just made");
        if action == Action::Publish && self.stage.dice.chance(0.15) {
            let older = self.stage.dice.below(story.bodies.len());
            story.bodies[older].clone().put_into(&mut story.work);
        }
    }

    /// A new generation of an item; a removal carries what the last one did.
    fn next(&mut self, item: usize, action: Action) {
        self.generation += 1;
        let mut work = self.work(item, action);
        let mut bodies = Vec::new();
        if let Some(before) = self.stories.remove(&item) {
            work.was_shown = before.work.was_shown;
            bodies = before.bodies;
        }
        if let Some(last) = bodies.last().filter(|_| action.removes()) {
            last.clone().put_into(&mut work);
        }
        bodies.push(Body::of(&work));
        let failure = Some(Failure::new(Reason::Interrupted, "not run"));
        self.stories.insert(
            item,
            Story {
                work,
                bodies,
                failure,
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
            installation: "i1".into(),
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
        match self.stage.dice.below(5) {
            0 => Vec::new(),
            number => vec![self.hero(number)],
        }
    }

    fn hero(&mut self, number: usize) -> StoredMedia {
        let bytes = format!("picture {number}");
        StoredMedia {
            role: "hero".into(),
            sha256: self.stage.store(bytes.as_bytes()),
            filename: "hero.png".into(),
            content_type: "image/png".into(),
            size: bytes.len() as u64,
            alt: Some(format!("alt {number}")),
            url: None,
        }
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
) -> Result<Shown, Failure> {
    protected_run(connector, work, port, None)
}

/// One run that does not overwrite what was changed since this fingerprint was verified.
pub(crate) fn protected_run<V: Vendor>(
    connector: &dyn Connector,
    work: &Work,
    port: &StagePort<'_, V>,
    undisturbed: Option<&str>,
) -> Result<Shown, Failure> {
    if !work.action.removes() {
        connector.check(work)?;
    }
    let observed = end(connector.observe(work, port))?;
    let desired = Desired {
        action: work.action,
        carried: work.generation,
        newest: work.generation,
        undisturbed,
        adopted: None,
        protect_drift: undisturbed.is_some(),
    };
    let decision = decide(&desired, &observed);
    if let Decision::Conflict(failure) = decision {
        return Err(failure);
    }
    end(connector.act(work, &decision, port))?;
    match end(connector.verify(work, port))? {
        Verification::Matched(shown) => Ok(shown),
        Verification::Differs(found) => {
            Err(Failure::new(Reason::VerifyMismatch, format!("{found:?}")))
        }
    }
}
