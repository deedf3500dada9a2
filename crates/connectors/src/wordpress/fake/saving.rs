//! Saving an entry: what WordPress makes of the fields that it is given.
//!
//! Ensures that slugs, dates, categories and the trash change on their own as they do in WordPress.

use serde_json::{Map, Value};
use slugline_core::http::Response;
use slugline_core::time::Timestamp;

use super::query::{id, ids, text};
use super::slugs::sanitize;
use super::{Entry, FakeWordPress, UNCATEGORIZED, answer, invalid_param, refusal};

const STATUSES: [&str; 5] = ["publish", "future", "draft", "pending", "private"];

impl FakeWordPress {
    /// Applies a request's fields and stores the entry; a new one has id 0 before.
    pub(super) fn save(
        &mut self,
        before: Entry,
        members: &Map<String, Value>,
        status: u16,
        now: Timestamp,
    ) -> Response {
        let mut entry = before.clone();
        if let Err(refusal) = self.apply(&mut entry, members, now) {
            return refusal;
        }
        if before.id == 0 {
            entry.id = self.next_id();
        }
        // A live post leaves a permanent redirect from the slug that it had, a draft's included.
        let renamed = !before.slug.is_empty() && before.slug != entry.slug;
        if renamed && entry.status == "publish" && entry.kind == "post" {
            self.old_slugs.insert(before.slug, entry.id);
        }
        let response = answer(status, &self.entry_json(&entry, true));
        self.entries.insert(entry.id, entry);
        response
    }

    fn apply(
        &self,
        entry: &mut Entry,
        members: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), Response> {
        apply_texts(entry, members)?;
        let status = text(members, "status")?.unwrap_or_else(|| entry.status.clone());
        if members.contains_key("status") && !STATUSES.contains(&status.as_str()) {
            return Err(invalid_param(
                "status",
                "status is not one of publish, future, draft, pending, and private.",
            ));
        }
        if let Some(date) = text(members, "date_gmt")? {
            entry.date =
                Some(parse_date(&date).ok_or_else(|| invalid_param("date_gmt", "Invalid date."))?);
        }
        let slug = text(members, "slug")?.map(|slug| sanitize(&slug));
        self.apply_slug(entry, slug, &status);
        apply_status(entry, status, now);
        self.apply_links(entry, members)
    }

    /// What comes back from the trash has the slug that it had, whatever the request says (6.1.9).
    fn apply_slug(&self, entry: &mut Entry, wanted: Option<String>, status: &str) {
        let returns = entry.status == "trash" && status != "trash";
        let restored = if returns {
            entry.desired_slug.take()
        } else {
            None
        };
        let mut slug = restored.or(wanted).unwrap_or_else(|| entry.slug.clone());
        if slug.is_empty() && !matches!(status, "draft" | "pending") {
            slug = sanitize(&entry.title);
        }
        entry.slug = self.unique_slug(&slug, entry.kind, entry.id);
    }

    /// A save gives a post without categories the default one; the request's list is set after that,
    /// without ids that do not exist. A featured image that does not exist changes nothing (6.1.9).
    fn apply_links(&self, entry: &mut Entry, members: &Map<String, Value>) -> Result<(), Response> {
        if entry.kind == "post" && entry.categories.is_empty() {
            entry.categories.insert(UNCATEGORIZED);
        }
        let existing = |ids: Vec<u64>| {
            ids.into_iter()
                .filter(|id| self.terms.contains_key(id))
                .collect()
        };
        if let Some(categories) = ids(members, "categories")? {
            entry.categories = existing(categories);
        }
        if let Some(tags) = ids(members, "tags")? {
            entry.tags = existing(tags);
        }
        if let Some(author) = id(members, "author")? {
            entry.author = author;
        }
        match id(members, "featured_media")? {
            Some(medium) if medium == 0 || self.media.contains_key(&medium) => {
                entry.featured_media = medium
            }
            _ => {}
        }
        Ok(())
    }
}

/// Titles are trimmed, links that open elsewhere gain `noopener`; all else is kept (6.1.9, editor).
fn apply_texts(entry: &mut Entry, members: &Map<String, Value>) -> Result<(), Response> {
    let set = |field: &mut String, name: &str| {
        text(members, name).map(|text| *field = text.unwrap_or_else(|| std::mem::take(field)))
    };
    set(&mut entry.title, "title")?;
    set(&mut entry.content, "content")?;
    set(&mut entry.excerpt, "excerpt")?;
    entry.title = entry
        .title
        .trim_matches([' ', '\t', '\n', '\r', '\x0b'])
        .to_owned();
    entry.content = entry.content.replace(
        " target=\"_blank\">",
        " target=\"_blank\" rel=\"noopener\">",
    );
    let is_empty = |text: &str| text.trim().is_empty() || text == "0";
    if [&entry.title, &entry.content, &entry.excerpt]
        .into_iter()
        .all(|text| is_empty(text))
    {
        return Err(refusal(
            400,
            "empty_content",
            "Content, title, and excerpt are empty.",
        ));
    }
    Ok(())
}

/// A draft without a date takes that of its publishing; a date ahead makes it scheduled (6.1.9).
fn apply_status(entry: &mut Entry, status: String, now: Timestamp) {
    entry.modified = now;
    entry.status = status;
    if entry.status == "publish" {
        let date = *entry.date.get_or_insert(now);
        if date > now {
            entry.status = "future".into();
        }
    }
}

/// Without a zone it is UTC; milliseconds are cut; a date alone is refused (6.1.9).
fn parse_date(text: &str) -> Option<Timestamp> {
    let zoned = format!("{text}Z");
    [text, zoned.as_str()]
        .into_iter()
        .find_map(|text| Timestamp::parse(text).ok())
        .map(Timestamp::whole_seconds)
}
