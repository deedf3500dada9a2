//! What must be true in the end.

use slugline_core::item::Action;
use slugline_core::port::EffectKey;
use slugline_core::reason::Reason;

use super::{Entry, Rehearsal, SLUGS, Story, Vendor};

impl<V: Vendor> Rehearsal<V> {
    /// Compares the destination with what is desired.
    pub(super) fn check(&self) {
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

    fn check_debris(&self) {
        let is_entry = |key: &EffectKey| *key == EffectKey::Item("entry");
        let entries = self
            .stage
            .effects
            .keys()
            .filter(|(_, key)| is_entry(key))
            .count();
        let live = self
            .stage
            .vendor
            .shown()
            .iter()
            .filter(|entry| !entry.by_person)
            .count();
        assert_eq!(
            self.stage.vendor.hidden() + live,
            entries,
            "no entry that we do not remember"
        );
        let uploads = self
            .stage
            .effects
            .iter()
            .filter(|((_, key), _)| matches!(key, EffectKey::Shared("media", _)));
        let whole = uploads.filter(|(_, result)| result.contains("id")).count();
        assert_eq!(
            self.stage.vendor.media(),
            whole,
            "no medium that we do not remember"
        );
    }
}
