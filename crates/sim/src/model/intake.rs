//! What intake has to answer (DESIGN of the decisions, written a second time from the table).
//!
//! Ensures that the same key has one outcome (P2), that older versions are ignored, and that only
//! what was accepted counts as accepted. Judges in the order in which the store decided.

use std::collections::BTreeSet;
use std::time::Duration;

use slugline_core::answer::{Answer, Status};
use slugline_core::intake::{Origin, Submission};
use slugline_core::item::Action;
use slugline_core::payload::Payload;
use slugline_core::problem::{Code, Problem};
use slugline_core::source::ALL_LOCALES;
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};
use slugline_engine::store::{Decided, DecidedKind};

use super::mirror::MIRROR;
use super::{AT_BLOG, Judged, Model, broken};

/// An item, by its newest accepted version.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    version: Version,
    generation: Generation,
    action: Action,
    payload: Option<Payload>,
    slug: Option<String>,
    targets: BTreeSet<String>,
    /// A person made its newest generation: its producer's repeats go nowhere.
    pub(super) revised: bool,
}

impl Item {
    /// Its producer's newest version.
    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Its newest generation.
    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    /// Whether it is at this version or above.
    pub(super) fn is_as_new_as(&self, version: Version) -> bool {
        self.version.ordinal() >= version.ordinal()
    }

    /// Whether it is above this version.
    pub(super) fn is_newer_than(&self, version: Version) -> bool {
        self.version.ordinal() > version.ordinal()
    }

    /// Whether its newest generation is one that people see.
    pub(super) fn is_shown(&self) -> bool {
        !self.action.removes()
    }
}

/// A key that was used.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    request: String,
    answer: Answer,
    expires: Option<Timestamp>,
}

/// What the table says.
#[derive(Debug)]
pub(super) enum Expected {
    Replay(Answer),
    Refuse(Code),
    Duplicate,
    Stale,
    /// A new generation.
    New(Version, BTreeSet<String>),
    /// More destinations for the newest.
    More(BTreeSet<String>),
}

/// What of a request its key stands for. A webhook's own key stands for what it told: its source may say something newer when
/// it is asked again.
fn request_of(submission: &Submission) -> String {
    let request = &submission.request;
    if submission.key.starts_with("whk_") {
        return format!("{:?}", submission.item);
    }
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        request.action,
        submission.item,
        request.destinations,
        request.publish_at,
        request.depends_on,
        request.payload
    )
}

fn scope(submission: &Submission) -> (String, String, String) {
    let item = &submission.item;
    (
        item.owner.clone(),
        item.environment.clone(),
        submission.key.clone(),
    )
}

impl Model {
    /// Judges what the store decided on a submission, and takes it over.
    pub(crate) fn judge_intake(
        &mut self,
        at: Duration,
        now: Timestamp,
        submission: &Submission,
        outcome: &Result<Decided, Problem>,
    ) -> Judged {
        if submission.source == MIRROR {
            return self.judge_mirrored(submission, outcome);
        }
        let expected = self.expected_or_given_back(now, submission, outcome);
        let said = || {
            format!(
                "{} v{:?} key {:?}: expected {expected:?}, got {outcome:?}",
                submission.item.content_id, submission.request.version, submission.key
            )
        };
        let expires = Some(now.plus(submission.key_ttl));
        match (&expected, outcome) {
            (Expected::Refuse(code), Err(problem)) if *code == problem.code => Ok(()),
            (Expected::Replay(answer), Ok(decided)) if decided.kind == DecidedKind::Replayed => {
                match decided.answer == answer.clone().replayed() {
                    true => Ok(()),
                    false => broken("P2", said()),
                }
            }
            (Expected::Duplicate, Ok(decided)) if decided.kind == DecidedKind::Duplicate => {
                self.keep_key(submission, &decided.answer, expires);
                Ok(())
            }
            (Expected::Stale, Ok(decided)) if decided.kind == DecidedKind::Stale => {
                self.keep_key(submission, &decided.answer, expires);
                let known = [Some(submission.item.clone()), submission.whole()];
                let mut known = known.iter().flatten().filter_map(|key| self.items.get(key));
                match known.any(|item| decided.answer.current_version == Some(item.version)) {
                    true => Ok(()),
                    false => broken("P2", said()),
                }
            }
            (Expected::New(version, targets), Ok(decided))
                if decided.kind == DecidedKind::Accepted =>
            {
                let generation = self
                    .items
                    .get(&submission.item)
                    .map_or(Generation(1), |item| item.generation.next());
                let same = (Some(*version), Some(generation))
                    == (decided.answer.version, decided.answer.generation);
                if !same || !goes_to(&decided.answer, targets) {
                    return broken("P2", said());
                }
                // What a person makes of an item keeps its mark: no version is assigned to it.
                let by_person = matches!(submission.origin, Origin::Person { .. });
                let assigned = submission.request.version.is_none() && !by_person;
                self.keep_key(submission, &decided.answer, expires.filter(|_| !assigned));
                self.keep_item(submission, *version, generation, targets);
                self.keep_publish(at, submission, &decided.answer, generation, targets)
            }
            (Expected::More(targets), Ok(decided)) if decided.kind == DecidedKind::Accepted => {
                let generation = self.items.get(&submission.item).map(|item| item.generation);
                if decided.answer.generation != generation || !goes_to(&decided.answer, targets) {
                    return broken("P2", said());
                }
                self.keep_key(submission, &decided.answer, expires);
                if let Some(item) = self.items.get_mut(&submission.item) {
                    item.targets.extend(targets.iter().cloned());
                }
                self.keep_publish(
                    at,
                    submission,
                    &decided.answer,
                    generation.unwrap_or_default(),
                    targets,
                )
            }
            _ => broken("P2", said()),
        }
    }

    /// What is expected; where a generation was taken back, whether its slug is free is the store's to say.
    fn expected_or_given_back(
        &mut self,
        now: Timestamp,
        submission: &Submission,
        outcome: &Result<Decided, Problem>,
    ) -> Expected {
        let expected = self.expected(now, submission);
        if !self.may_have_given_back(&submission.item) {
            return expected;
        }
        match (&expected, outcome) {
            (Expected::New(..), Err(problem)) if problem.code == Code::SlugTaken => {
                Expected::Refuse(Code::SlugTaken)
            }
            (Expected::Refuse(Code::SlugTaken), Ok(_)) => {
                self.takes_slugs_as_free = true;
                let expected = self.expected(now, submission);
                self.takes_slugs_as_free = false;
                expected
            }
            _ => expected,
        }
    }

    fn expected(&self, now: Timestamp, submission: &Submission) -> Expected {
        let key = self.keys.get(&scope(submission));
        if let Some(key) = key.filter(|key| key.expires.is_none_or(|expires| expires > now)) {
            return match key.request == request_of(submission) {
                true => Expected::Replay(key.answer.clone()),
                false => Expected::Refuse(Code::IdempotencyKeyReused),
            };
        }
        if let Some(expected) = self.expected_of_person(submission) {
            return expected;
        }
        if self.is_overtaken(submission) {
            return Expected::Stale;
        }
        let Some(item) = self.items.get(&submission.item) else {
            let version = submission.request.version.unwrap_or(Version::Number(1));
            return self.if_slug_is_free(submission, None, version, None);
        };
        match submission.request.version {
            None => self.if_slug_is_free(submission, Some(item), item.version.next(), None),
            Some(version) if version.kind() != item.version.kind() => match item.action.removes() {
                true => self.if_slug_is_free(submission, Some(item), version, None),
                false => Expected::Refuse(Code::VersionKindMismatch),
            },
            Some(version) if version.ordinal() > item.version.ordinal() => {
                self.if_slug_is_free(submission, Some(item), version, None)
            }
            Some(version) if version.ordinal() < item.version.ordinal() => Expected::Stale,
            Some(version) => self.same_version(submission, item, version),
        }
    }

    /// Whether the content was removed in all its locales at a version that this one does not exceed; a time says
    /// nothing of a number.
    fn is_overtaken(&self, submission: &Submission) -> bool {
        let whole = submission.whole().and_then(|key| self.items.get(&key));
        let removes = submission.request.action.removes();
        match (whole, submission.request.version) {
            (Some(whole), Some(version)) if whole.version.kind() != version.kind() => false,
            (Some(whole), Some(version)) if !whole.is_shown() => match removes {
                true => whole.is_newer_than(version),
                false => whole.is_as_new_as(version),
            },
            _ => false,
        }
    }

    fn same_version(&self, submission: &Submission, item: &Item, version: Version) -> Expected {
        let action = submission.request.action;
        if action.removes() && action != item.action {
            return self.if_slug_is_free(submission, Some(item), version, None);
        }
        if item.action.removes() && !action.removes() {
            return Expected::Stale;
        }
        if !action.removes() && submission.request.payload != item.payload {
            return Expected::Refuse(Code::VersionConflict);
        }
        let wanted = self.targets(submission, Some(item));
        let missing: BTreeSet<String> = wanted.difference(&item.targets).cloned().collect();
        match missing.is_empty() || item.revised || action != item.action {
            true => Expected::Duplicate,
            false => Expected::More(missing),
        }
    }

    /// `restored`: the slug of the generation that is brought back.
    pub(super) fn if_slug_is_free(
        &self,
        submission: &Submission,
        item: Option<&Item>,
        version: Version,
        restored: Option<&str>,
    ) -> Expected {
        let slug = restored.or(slug_of(submission));
        let scope = |key: &slugline_core::item::ItemKey| {
            (
                key.owner.clone(),
                key.environment.clone(),
                key.locale.clone(),
            )
        };
        let own = &submission.item;
        let taken = slug.is_some_and(|slug| {
            self.items.iter().any(|(key, other)| {
                key != own && scope(key) == scope(own) && other.slug.as_deref() == Some(slug)
            })
        });
        match taken && !self.takes_slugs_as_free {
            true => Expected::Refuse(Code::SlugTaken),
            false => Expected::New(version, self.targets(submission, item)),
        }
    }

    fn targets(&self, submission: &Submission, item: Option<&Item>) -> BTreeSet<String> {
        let named = submission.request.destinations.clone().unwrap_or_default();
        if submission.item.locale == ALL_LOCALES {
            return BTreeSet::new();
        }
        if !named.is_empty() {
            return named.into_iter().collect();
        }
        let mut targets = BTreeSet::from([AT_BLOG.to_owned()]);
        if submission.request.action.removes() && item.is_some() {
            targets.extend(self.placed_at(&submission.item));
        }
        targets
    }

    /// Destinations that desire any generation of the item.
    fn placed_at(&self, item: &slugline_core::item::ItemKey) -> BTreeSet<String> {
        let places = self.places.keys().filter(|(placed, _)| placed == item);
        places.map(|(_, destination)| destination.clone()).collect()
    }

    fn keep_key(&mut self, submission: &Submission, answer: &Answer, expires: Option<Timestamp>) {
        let key = Key {
            request: request_of(submission),
            answer: answer.clone(),
            expires,
        };
        self.keys.insert(scope(submission), key);
    }

    fn keep_item(
        &mut self,
        submission: &Submission,
        version: Version,
        generation: Generation,
        targets: &BTreeSet<String>,
    ) {
        let mut item = Item {
            version,
            generation,
            action: submission.request.action,
            slug: slug_of(submission).map(str::to_owned),
            payload: submission.request.payload.clone(),
            targets: targets.clone(),
            revised: false,
        };
        // What its producer said stays what the next version is compared with.
        if let (Origin::Person { slug, .. }, Some(before)) =
            (&submission.origin, self.items.get(&submission.item))
        {
            item.version = before.version;
            item.payload.clone_from(&before.payload);
            item.slug = slug.clone().or(item.slug);
            item.revised = true;
        }
        self.items.insert(submission.item.clone(), item);
    }
}

fn slug_of(submission: &Submission) -> Option<&str> {
    submission.request.payload.as_ref()?.slug.as_deref()
}

fn goes_to(answer: &Answer, targets: &BTreeSet<String>) -> bool {
    let named: BTreeSet<String> = answer
        .jobs
        .iter()
        .map(|job| job.destination.clone())
        .collect();
    answer.status == Status::Ok && named == *targets && answer.jobs.len() == targets.len()
}
