//! The stage of a rehearsal: a vendor's fake, a clock, faults, a memory that survives crashes, and
//! the port that connects one run with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use slugline_connectors::fake::{Fake, Fault, Faults, Played, Undocumented};
use slugline_core::canonical::Fingerprint;
use slugline_core::failure::Failure;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::{BoxFuture, EffectKey, FileOp, FileReply, Port};
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;

use super::dice::Dice;
use super::{Entry, SLUGS, Vendor};
use crate::port::carry_out;

/// How long one request takes here.
const STEP: Duration = Duration::from_millis(50);
/// How long a frozen run's last deed may be late.
const LATE: Duration = Duration::from_secs(20);
/// The chance that a run dies at a request while faults are on.
const CRASH: f64 = 0.02;
/// The chance that a person publishes something just before a request while faults are on.
const PERSON: f64 = 0.015;

/// Something that a run does at the destination.
#[derive(Clone, Debug)]
enum Deed {
    Request(Request),
    File(FileOp),
}

impl Deed {
    fn writes(&self) -> bool {
        match self {
            Self::Request(request) => request.method.writes(),
            Self::File(operation) => {
                matches!(operation, FileOp::Write { .. } | FileOp::Remove { .. })
            }
        }
    }
}

/// What a deed comes to.
#[derive(Clone, Debug)]
enum Outcome {
    Response(Response),
    Reply(FileReply),
}

/// A death that is settled beforehand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doom {
    /// Deeds that still go well.
    pub(crate) left: usize,
    /// Whether the next one is carried out before its answer is lost with the run.
    pub(crate) carried_out: bool,
}

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
    /// What will be carried out although its client has given up or is dead.
    late: Vec<(Timestamp, Deed)>,
    pub(crate) sent: Vec<Request>,
    /// Requests and operations that could change something.
    pub(crate) writes: usize,
    /// The answer to the next write is lost.
    pub(crate) loses_a_write: bool,
    /// When the run dies, where that is not left to the dice.
    pub(crate) doom: Option<Doom>,
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
            writes: 0,
            loses_a_write: false,
            doom: None,
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
        let due: Vec<(Timestamp, Deed)> = due;
        for (at, deed) in due {
            self.carry_out(&deed, at);
        }
    }

    fn ask<T>(&mut self, question: impl FnOnce(&mut dyn Fake) -> Result<T, Undocumented>) -> T {
        question(self.vendor.as_mut()).unwrap_or_else(|why| panic!("{why}"))
    }

    /// The destination does it.
    fn carry_out(&mut self, deed: &Deed, at: Timestamp) -> Outcome {
        match deed {
            Deed::Request(request) => Outcome::Response(self.ask(|fake| fake.handle(request, at))),
            Deed::File(operation) => {
                let files = self.vendor.files();
                let files = files.expect("a vendor with an API has no business with files");
                Outcome::Reply(carry_out(files, operation.clone()))
            }
        }
    }

    /// One deed with whatever befalls it. `Err(None)`: the run dies here.
    fn exchange(&mut self, item: usize, deed: &Deed) -> Result<Outcome, Option<SendError>> {
        self.writes += usize::from(deed.writes());
        self.pass(STEP);
        let calm = self.faults == Faults::default();
        if !calm && self.dice.chance(PERSON) {
            self.disturb();
        }
        if !calm && self.dice.chance(CRASH) {
            return self.die(item, deed);
        }
        if let Some(doom) = &mut self.doom {
            if doom.left == 0 {
                return self.die_as_doomed(item, deed);
            }
            doom.left -= 1;
        }
        let fault = match deed.writes() && std::mem::take(&mut self.loses_a_write) {
            true => Fault::LoseAnswer,
            false => self.faults.choose(self.dice.throw()),
        };
        match deed {
            Deed::Request(request) => self.request(item, request, fault),
            Deed::File(_) => self.file(deed, fault),
        }
    }

    fn request(
        &mut self,
        item: usize,
        request: &Request,
        fault: Fault,
    ) -> Result<Outcome, Option<SendError>> {
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
                Ok(Outcome::Response(response))
            }
            Played::Truncated(response) => Ok(Outcome::Response(response)),
            Played::Refused => Err(Some(SendError::NotSent("refused".into()))),
            Played::Lost => lost("reset"),
            Played::Cut(_) => lost("cut"),
            Played::Late(after) => {
                let deed = Deed::Request(request.clone());
                self.late.push((now.plus(after), deed));
                lost("timeout")
            }
        }
    }

    /// A disk knows fewer faults: an operation fails before it or after it.
    fn file(&mut self, deed: &Deed, fault: Fault) -> Result<Outcome, Option<SendError>> {
        match fault {
            Fault::None | Fault::Slow(_) => Ok(self.carry_out(deed, self.now)),
            Fault::LoseAnswer | Fault::CutAnswer | Fault::TruncateAnswer | Fault::ErrorAfter(_) => {
                self.carry_out(deed, self.now);
                Err(Some(SendError::NoAnswer("could not be synced".into())))
            }
            _ => Err(Some(SendError::NotSent("input/output error".into()))),
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

    /// Before the deed, or after it and before its answer; a frozen run's deed may come later still.
    fn die(&mut self, item: usize, deed: &Deed) -> Result<Outcome, Option<SendError>> {
        self.unknown.insert(item);
        match self.dice.below(3) {
            0 => drop(self.carry_out(deed, self.now)),
            1 => self.late.push((self.now.plus(LATE), deed.clone())),
            _ => {}
        }
        Err(None)
    }

    fn die_as_doomed(&mut self, item: usize, deed: &Deed) -> Result<Outcome, Option<SendError>> {
        self.unknown.insert(item);
        if self.doom.take().is_some_and(|doom| doom.carried_out) {
            self.carry_out(deed, self.now);
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

    fn exchange(&self, deed: &Deed) -> Result<Outcome, SendError> {
        let mut stage = self.stage();
        if stage.1 {
            return Err(SendError::LeaseLost);
        }
        stage.0.exchange(self.item, deed).map_err(|why| {
            stage.1 = why.is_none();
            why.unwrap_or(SendError::LeaseLost)
        })
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
        self.stage().0.sent.push(request.clone());
        let outcome = self.exchange(&Deed::Request(request));
        let response = outcome.map(|outcome| match outcome {
            Outcome::Response(response) => response,
            Outcome::Reply(_) => unreachable!("a request gets a response"),
        });
        Box::pin(std::future::ready(response))
    }

    fn file<'a>(
        &'a self,
        _: &'a str,
        operation: FileOp,
    ) -> BoxFuture<'a, Result<FileReply, SendError>> {
        let outcome = self.exchange(&Deed::File(operation));
        let reply = outcome.map(|outcome| match outcome {
            Outcome::Reply(reply) => reply,
            Outcome::Response(_) => unreachable!("an operation gets a reply"),
        });
        Box::pin(std::future::ready(reply))
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
