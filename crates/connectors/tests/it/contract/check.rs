//! What must be true in the end.

use std::collections::BTreeMap;

use slugline_core::item::Action;
use slugline_core::port::EffectKey;
use slugline_core::reason::Reason;

use super::{Entry, Rehearsal, SLUGS, Story, Vendor};

impl<V: Vendor> Rehearsal<V> {
    /// Compares the destination with what is desired.
    pub(super) fn check(&mut self) {
        if !self.connector.capabilities().readable {
            return self.check_received();
        }
        let shown = self.stage.vendor.shown();
        let mut persons: Vec<Entry> = shown
            .iter()
            .filter(|entry| entry.by_person)
            .cloned()
            .collect();
        let mut expected = self.stage.persons.clone();
        persons.sort();
        expected.sort();
        assert_eq!(persons, expected, "what a person wrote is untouched");
        let kept = |entry: &Entry| !entry.by_person && !self.is_left_under_old_slug(entry);
        let mut ours: Vec<Entry> = shown.into_iter().filter(kept).collect();
        let mut wanted: Vec<Entry> = self
            .stories
            .values()
            .filter_map(|story| self.wanted(story))
            .collect();
        ours.sort();
        wanted.sort();
        assert_eq!(
            ours, wanted,
            "one entry for each item that should be live, at its newest generation"
        );
        self.check_debris();
        self.check_repeat();
    }

    /// Running again is harmless: it finds nothing to do.
    fn check_repeat(&mut self) {
        let verified = self
            .stories
            .iter()
            .filter(|(_, story)| story.failure.is_none());
        let items: Vec<usize> = verified.map(|(item, _)| *item).collect();
        for item in items {
            let before = self.stage.writes;
            self.run(item);
            let story = &self.stories[&item];
            assert_eq!(story.failure, None, "a repeated run of {item}");
            assert_eq!(self.stage.writes, before, "a repeated run of {item} writes");
        }
    }

    /// Every newest generation was told, each under one id with one body.
    fn check_received(&self) {
        let mut bodies = BTreeMap::new();
        for (id, body) in self.stage.vendor.received() {
            let known = bodies.entry(id.as_str()).or_insert(body);
            assert_eq!(*known, body, "{id} came with two bodies");
        }
        let last = format!("msg_{}", self.generation);
        assert!(
            bodies
                .keys()
                .all(|id| id.len() < last.len() || **id <= *last)
        );
        for story in self.stories.values() {
            assert_eq!(story.failure, None, "nothing fails any more");
            let id = story.work.delivery_id.as_str();
            assert!(bodies.contains_key(id), "{id} never came");
        }
    }

    /// A newer generation that cannot have its slug leaves the older one where it is.
    fn is_left_under_old_slug(&self, entry: &Entry) -> bool {
        self.stories.iter().any(|(item, story)| {
            let belongs = entry.slug.trim_end_matches("-moved") == SLUGS[*item];
            belongs && story.failure.is_some() && entry.slug != story.work.slug
        })
    }

    /// What an item should show. One that another's entry keeps out shows nothing.
    fn wanted(&self, story: &Story) -> Option<Entry> {
        let work = &story.work;
        if let Some(failure) = &story.failure {
            assert_eq!(
                failure.reason,
                Reason::SlugTakenAtDestination,
                "{failure:?}"
            );
            assert!(
                self.stage
                    .persons
                    .iter()
                    .any(|entry| entry.slug == work.slug),
                "nobody holds {}",
                work.slug
            );
        }
        let hero = work
            .media
            .first()
            .and_then(|medium| self.stage.media.get(&medium.sha256))
            .cloned();
        (work.action == Action::Publish && story.failure.is_none()).then(|| Entry {
            slug: work.slug.clone(),
            title: work.payload.title.clone(),
            hero,
            by_person: false,
        })
    }

    fn check_debris(&mut self) {
        let effects = self.stage.effects.iter();
        let entries = effects
            .clone()
            .filter(|((_, key), _)| matches!(key, EffectKey::Item("entry" | "files")));
        let uploads = effects.filter(|((_, key), result)| {
            matches!(key, EffectKey::Shared("media", _)) && V::is_uploaded(result)
        });
        let (entries, uploads) = (entries.count(), uploads.count());
        let vendor = &mut self.stage.vendor;
        let live = vendor.shown().iter().filter(|it| !it.by_person).count();
        let there = (vendor.hidden() + live, vendor.media());
        if vendor.files().is_some() {
            // A path is remembered before anything is there.
            assert!(
                there.0 <= entries && there.1 <= uploads,
                "something is not remembered"
            );
        } else {
            assert_eq!(there, (entries, uploads), "all that is there is remembered");
        }
    }
}
