//! What the blog shows, against what was accepted.
//!
//! Ensures that an item is never two entries that the public sees (P3), that `live` was said of what
//! was there to be read (P5), and that persons' posts stay as they are.

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_connectors::FakeEntry;
use slugline_core::ids::JobId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::{Evidence, Verdict};
use slugline_core::media::sha256;
use slugline_core::version::Generation;
use slugline_engine::store::Settlement;

use super::{AT_BLOG, Judged, Model, Publish, SOURCE, broken};
use crate::plan::OWNER;

/// What was shown when, and what persons did.
#[derive(Default)]
pub(crate) struct Shows {
    /// When the blog last showed each item as a generation wants it, from and to.
    spans: BTreeMap<(ItemKey, Generation), (Duration, Option<Duration>)>,
    /// Persons' posts by their ids: slug and title.
    persons: BTreeMap<u64, (String, String)>,
    /// Items whose entries a person changed, until they are live again.
    pub(super) disturbed: BTreeMap<ItemKey, Duration>,
}

/// The item that an entry is about, by its title.
pub(crate) fn item_of(entry: &FakeEntry) -> Option<ItemKey> {
    let mut words = entry.title.split(' ');
    let (content_id, locale) = (words.next()?, words.next()?);
    let is_asked_for = content_id.starts_with("post-") || content_id.starts_with(SOURCE);
    let is_ours = !entry.by_person && is_asked_for;
    is_ours.then(|| ItemKey {
        owner: OWNER.into(),
        environment: "production".into(),
        content_id: content_id.into(),
        locale: locale.into(),
    })
}

impl Model {
    /// A person published this.
    pub(crate) fn person_wrote(&mut self, id: u64, slug: &str, title: &str) {
        self.shown.persons.insert(id, (slug.into(), title.into()));
        self.persons.insert(slug.into());
    }

    /// Whether a person wrote this.
    pub(super) fn is_persons(&self, id: u64) -> bool {
        self.shown.persons.contains_key(&id)
    }

    /// A person changed or removed what is ours.
    pub(crate) fn person_disturbed(&mut self, item: ItemKey, at: Duration) {
        self.shown.disturbed.insert(item, at);
    }

    /// Judges what the blog shows after something may have changed.
    pub(crate) fn judge_blog(&mut self, at: Duration, entries: &[FakeEntry]) -> Judged {
        for (id, (slug, title)) in &self.shown.persons {
            let same = |entry: &&FakeEntry| {
                entry.id == *id
                    && entry.slug == *slug
                    && entry.title == *title
                    && entry.status == "publish"
            };
            if !entries.iter().any(|entry| same(&entry)) {
                return broken(
                    "P3",
                    format!("a person's post {id} ({slug}) is not as it was"),
                );
            }
        }
        let mut live: BTreeMap<ItemKey, u64> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.status == "publish") {
            if let Some(item) = item_of(entry)
                && let Some(other) = live.insert(item.clone(), entry.id)
            {
                return broken(
                    "P3",
                    format!("{item:?} is both post {other} and post {}", entry.id),
                );
            }
        }
        self.note_spans(at, entries);
        Ok(())
    }

    fn note_spans(&mut self, at: Duration, entries: &[FakeEntry]) {
        let publishes = self
            .publishes
            .values()
            .filter(|publish| publish.targets.contains(AT_BLOG));
        for publish in publishes {
            let key = (publish.item.clone(), publish.generation);
            let shows = self.difference(publish, entries).is_none();
            match (shows, self.shown.spans.get_mut(&key)) {
                (true, Some((_, None))) | (false, None) => {}
                (true, _) => drop(self.shown.spans.insert(key, (at, None))),
                (false, Some((_, until))) => *until = until.or(Some(at)),
            }
        }
    }

    /// What the blog shows otherwise than a publish wants it.
    pub(super) fn difference(&self, publish: &Publish, entries: &[FakeEntry]) -> Option<String> {
        let is_live = |entry: &&FakeEntry| entry.status == "publish";
        let mut own = entries
            .iter()
            .filter(|entry| item_of(entry).as_ref() == Some(&publish.item));
        let found = own.find(is_live);
        let (entry, payload) = match (&publish.payload, found) {
            (Some(payload), Some(entry)) if !publish.action.removes() => (entry, payload),
            (_, None) if publish.action.removes() => return None,
            (_, found) => return Some(format!("shows {:?}", found.map(|entry| &entry.title))),
        };
        let hero = payload.media.first().map(medium_name);
        let same = [
            (entry.title == payload.title, "title"),
            (Some(&entry.slug) == payload.slug.as_ref(), "slug"),
            (entry.content == payload.body, "body"),
            (
                entry.hero.as_ref().map(|bytes| sha256(bytes)) == hero,
                "hero",
            ),
            (
                payload.tags.iter().all(|tag| entry.tags.contains(tag)),
                "tags",
            ),
            (
                payload
                    .categories
                    .iter()
                    .all(|name| entry.categories.contains(name)),
                "categories",
            ),
        ];
        let wrong = same.into_iter().find(|(same, _)| !same);
        wrong.map(|(_, field)| format!("{field} differs: {entry:?}"))
    }

    /// Judges a run that ended as live: somebody could have read what it says.
    pub(crate) fn judge_live(
        &mut self,
        at: Duration,
        settlement: &Settlement,
        entries: &[FakeEntry],
    ) -> Judged {
        let Verdict::Live(evidence) = settlement.verdict else {
            return Ok(());
        };
        self.note_spans(at, entries);
        let Some((job, publish)) = self.publish_of(settlement.job) else {
            return broken("P8", format!("{} is live and unknown", settlement.job));
        };
        let (item, generation) = (publish.item.clone(), publish.generation);
        let (span, claimed_at) = (
            self.shown.spans.get(&(item.clone(), generation)),
            job.claimed_at,
        );
        let (expected, was_there) = match job.destination.as_str() {
            AT_BLOG => {
                let seen =
                    span.is_some_and(|(_, until)| until.is_none_or(|until| until >= claimed_at));
                (Evidence::ReadBack, seen)
            }
            _ => (Evidence::Acknowledged, self.messages.has(&item, generation)),
        };
        if evidence != expected || !was_there {
            let what = format!(
                "{} is live by {evidence:?}, and nobody could have seen generation {generation} of {item:?}",
                settlement.job
            );
            return broken("P5", what);
        }
        self.keep_live(settlement.job, item, at);
        Ok(())
    }

    fn keep_live(&mut self, id: JobId, item: ItemKey, at: Duration) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.live_at = job.live_at.or(Some(at));
        let since = self.shown.disturbed.get(&item).copied();
        if job.destination == AT_BLOG && since.is_some_and(|since| since < job.claimed_at) {
            self.shown.disturbed.remove(&item);
        }
    }

    /// Judges that what rests at the blog is what was said to be live there.
    pub(crate) fn judge_rest(
        &self,
        resting: &[(ItemKey, Generation)],
        entries: &[FakeEntry],
    ) -> Judged {
        for (item, generation) in resting {
            if self.shown.disturbed.contains_key(item) {
                continue;
            }
            let mut publishes = self.publishes.values();
            let publish = publishes
                .find(|publish| publish.item == *item && publish.generation == *generation);
            let difference = publish.and_then(|publish| self.difference(publish, entries));
            if let Some(difference) = difference {
                return broken(
                    "P4",
                    format!(
                        "generation {generation} of {item:?} is live and verified, and the blog {difference}"
                    ),
                );
            }
        }
        Ok(())
    }
}

fn medium_name(medium: &slugline_core::payload::Media) -> String {
    let number = |url: &str| {
        url.trim_end_matches(".png")
            .rsplit('p')
            .next()?
            .parse()
            .ok()
    };
    let fetched = || {
        medium
            .url
            .as_deref()
            .and_then(number)
            .map(crate::plan::picture_name)
    };
    medium.sha256.clone().or_else(fetched).unwrap_or_default()
}
