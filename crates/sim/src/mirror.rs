//! The blog as a source: it tells of every change of what the public sees there, be it ours or a person's.
//!
//! Ensures that what it tells is what it shows, each change once by itself; how often and when that
//! arrives is the sender's affair.

use std::collections::BTreeMap;

use serde_json::json;
use slugline_connectors::FakeEntry;
use slugline_core::source::{Change, Locales, What};
use slugline_core::version::Version;

/// What the public sees of an entry: title, slug and text.
type Seen = (String, String, String);

/// See the module.
#[derive(Default)]
pub(crate) struct Mirror {
    shown: BTreeMap<u64, Seen>,
    /// How often each entry was told of.
    told: BTreeMap<u64, i64>,
    /// What is not on its way yet.
    pub(crate) news: Vec<Change>,
}

impl Mirror {
    /// Looks at what there is; how much is new.
    pub(crate) fn look(&mut self, entries: &[FakeEntry]) -> usize {
        let public = entries.iter().filter(|entry| entry.status == "publish");
        let seen = |entry: &FakeEntry| {
            (
                entry.title.clone(),
                entry.slug.clone(),
                entry.content.clone(),
            )
        };
        let now: BTreeMap<u64, Seen> = public.map(|entry| (entry.id, seen(entry))).collect();
        let before = std::mem::replace(&mut self.shown, now.clone());
        let changed = now.iter().filter(|(id, seen)| before.get(id) != Some(seen));
        let gone = before.keys().filter(|id| !now.contains_key(id));
        let news: Vec<(u64, Option<&Seen>)> = changed
            .map(|(id, seen)| (*id, Some(seen)))
            .chain(gone.map(|id| (*id, None)))
            .collect();
        let news: Vec<Change> = news
            .into_iter()
            .map(|(id, seen)| self.change(id, seen))
            .collect();
        let count = news.len();
        self.news.extend(news);
        count
    }

    fn change(&mut self, id: u64, seen: Option<&Seen>) -> Change {
        let version = self.told.entry(id).or_default();
        *version += 1;
        let payload =
            seen.map(|(title, slug, body)| json!({"title": title, "slug": slug, "body": body}));
        Change {
            what: if seen.is_some() {
                What::Published
            } else {
                What::Deleted
            },
            entry: id.to_string(),
            locales: Locales::Unsaid,
            environment: None,
            depends_on: Vec::new(),
            version: Some(Version::Number(*version)),
            payload: payload.and_then(|payload| serde_json::from_value(payload).ok()),
        }
    }
}
