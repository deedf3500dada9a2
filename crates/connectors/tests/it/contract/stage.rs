//! The stage of a rehearsal: a vendor's fake, a clock, faults, a memory that survives crashes, and
//! the port that connects one run with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use slugline_connectors::fake::{Fake, Faults, Played};
use slugline_core::canonical::Fingerprint;
use slugline_core::failure::Failure;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::{BoxFuture, EffectKey, FileOp, FileReply, Port};
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;

use super::dice::Dice;
use super::{Entry, SLUGS, Vendor};

/// How long one request takes here.
const STEP: Duration = Duration::from_millis(50);
/// The chance that a run dies at a request while faults are on.
const CRASH: f64 = 0.02;
/// The chance that a person publishes something just before a request while faults are on.
const PERSON: f64 = 0.015;

/// Everything that outlives a run.
pub(crate) struct Stage<V> {
    pub(crate) vendor: V,
    pub(crate) dice: Dice,
    pub(crate) faults: Faults,
    pub(crate) now: Timestamp,
    /// By item and effect; shared effects under no item.
    pub(crate) effects: BTreeMap<(Option<usize>, EffectKey), String>,
    pub(crate) media: BTreeMap<String, Bytes>,
    /// Items with a write whose outcome is unknown: they owe a second look.
    pub(crate) unknown: BTreeSet<usize>,
    /// Requests that will be carried out although their client has given up.
    late: Vec<(Timestamp, Request)>,
    pub(crate) sent: Vec<Request>,
    /// What persons wrote.
    pub(crate) persons: Vec<Entry>,
}

impl<V: Vendor> Stage<V> {
    pub(crate) fn new(vendor: V, dice: Dice, faults: Faults) -> Self {
        Self {
            vendor,
            dice,
            faults,
            now: Timestamp::parse("2026-11-21T10:00:00Z").unwrap(),
            effects: BTreeMap::new(),
            media: BTreeMap::new(),
            unknown: BTreeSet::new(),
            late: Vec::new(),
            sent: Vec::new(),
            persons: Vec::new(),
        }
    }

    /// Stores a medium's bytes; returns their hash.
    pub(crate) fn store(&mut self, bytes: &[u8]) -> String {
        let sha256 = Fingerprint::of_bytes(bytes).hex();
        self.media
            .insert(sha256.clone(), Bytes::copy_from_slice(bytes));
        sha256
    }

    /// Lets time pass; what is due by then is carried out.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
        let (due, waiting) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(at, _)| *at <= self.now);
        self.late = waiting;
        let due: Vec<(Timestamp, Request)> = due;
        for (at, request) in due {
            self.ask(|fake| fake.handle(&request, at));
        }
    }

    fn ask<T>(
        &mut self,
        question: impl FnOnce(&mut dyn Fake) -> Result<T, slugline_connectors::fake::Undocumented>,
    ) -> T {
        question(self.vendor.as_mut()).unwrap_or_else(|why| panic!("{why}"))
    }

    /// One request with whatever befalls it. `Err(None)`: the run dies here.
    fn exchange(&mut self, item: usize, request: &Request) -> Result<Response, Option<SendError>> {
        self.sent.push(request.clone());
        self.pass(STEP);
        let calm = self.faults == Faults::default();
        if !calm && self.dice.chance(PERSON) {
            self.disturb();
        }
        if !calm && self.dice.chance(CRASH) {
            return self.die(item, request);
        }
        let fault = self.faults.choose(self.dice.throw());
        let now = self.now;
        let lost = |why: &str| Err(Some(SendError::NoAnswer(why.into())));
        let played = self.ask(|fake| fault.play(fake, request, now));
        let wrote = request.method.writes();
        if wrote && matches!(played, Played::Lost | Played::Cut(_) | Played::Late(_)) {
            self.unknown.insert(item);
        }
        match played {
            Played::Answer(after, response) => {
                self.pass(after);
                Ok(response)
            }
            Played::Truncated(response) => Ok(response),
            Played::Refused => Err(Some(SendError::NotSent("refused".into()))),
            Played::Lost => lost("reset"),
            Played::Cut(_) => lost("cut"),
            Played::Late(after) => {
                self.late.push((now.plus(after), request.clone()));
                lost("timeout")
            }
        }
    }

    /// Somebody else works at the destination too.
    fn disturb(&mut self) {
        let slug = SLUGS[self.dice.below(SLUGS.len())];
        let title = format!("by hand {}", self.persons.len());
        let (at_once, before) = (self.dice.chance(0.5), self.vendor.shown());
        self.vendor.write_as_person(slug, &title, at_once, self.now);
        let written = self
            .vendor
            .shown()
            .into_iter()
            .filter(|entry| !before.contains(entry));
        self.persons.extend(written);
    }

    /// Before the request, or after it and before its answer.
    fn die(&mut self, item: usize, request: &Request) -> Result<Response, Option<SendError>> {
        self.unknown.insert(item);
        if self.dice.chance(0.5) {
            let now = self.now;
            self.ask(|fake| fake.handle(request, now));
        }
        Err(None)
    }
}

/// One run's port.
pub(crate) struct StagePort<'a, V> {
    stage: Mutex<(&'a mut Stage<V>, bool)>,
    item: usize,
}

impl<'a, V: Vendor> StagePort<'a, V> {
    pub(crate) fn new(stage: &'a mut Stage<V>, item: usize) -> Self {
        Self {
            stage: Mutex::new((stage, false)),
            item,
        }
    }

    fn stage(&self) -> MutexGuard<'_, (&'a mut Stage<V>, bool)> {
        self.stage.lock().unwrap()
    }

    /// What happens unless the run is dead.
    fn alive<'b, T: Send + 'b>(
        &self,
        act: impl FnOnce(&mut Stage<V>) -> Result<T, Failure>,
    ) -> BoxFuture<'b, Result<T, Failure>> {
        let mut stage = self.stage();
        let outcome = if stage.1 {
            Err(Failure::new(Reason::Interrupted, "the run is dead"))
        } else {
            act(stage.0)
        };
        Box::pin(std::future::ready(outcome))
    }

    fn place(&self, key: &EffectKey) -> (Option<usize>, EffectKey) {
        (
            matches!(key, EffectKey::Item(_)).then_some(self.item),
            key.clone(),
        )
    }
}

impl<V: Vendor> Port for StagePort<'_, V> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        let mut stage = self.stage();
        let outcome = match stage.1 {
            true => Err(SendError::LeaseLost),
            false => stage.0.exchange(self.item, &request).map_err(|why| {
                stage.1 = why.is_none();
                why.unwrap_or(SendError::LeaseLost)
            }),
        };
        Box::pin(std::future::ready(outcome))
    }

    fn file<'a>(&'a self, _: &'a str, _: FileOp) -> BoxFuture<'a, Result<FileReply, SendError>> {
        panic!("a vendor with an API has no business with files")
    }

    fn recall<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        self.alive(|stage| Ok(stage.effects.get(&self.place(key)).cloned()))
    }

    fn remember<'a>(
        &'a self,
        key: &'a EffectKey,
        result_ref: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        self.alive(|stage| {
            stage.effects.insert(self.place(key), result_ref.to_owned());
            Ok(())
        })
    }

    fn forget<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        self.alive(|stage| {
            stage.effects.remove(&self.place(key));
            Ok(())
        })
    }

    fn hold<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        assert!(
            matches!(key, EffectKey::Shared(..)),
            "only shared things have leases"
        );
        self.alive(|_| Ok(()))
    }

    fn media<'a>(&'a self, sha256: &'a str) -> BoxFuture<'a, Result<Bytes, Failure>> {
        self.alive(|stage| {
            stage
                .media
                .get(sha256)
                .cloned()
                .ok_or_else(|| Failure::new(Reason::MediaMissing, sha256))
        })
    }

    fn note_unknown(&self) {
        self.stage().0.unknown.insert(self.item);
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.stage().0.pass(duration);
        Box::pin(std::future::ready(()))
    }

    fn now(&self) -> Timestamp {
        self.stage().0.now
    }
}
