//! The entry as it should be, in WordPress' fields.
//!
//! Ensures that what is sent and what is compared come from one value, and that what WordPress
//! cannot hold is refused before anything is sent.

use std::collections::BTreeSet;

use pulldown_cmark::{Options, Parser};
use serde_json::{Value, json};
use slugline_core::connector::{Difference, Work};
use slugline_core::failure::Failure;
use slugline_core::item::Action;
use slugline_core::payload::{BodyFormat, Payload};
use slugline_core::reason::Reason;

use super::canonical;
use super::entry::{Entry, Kind, is_in_family};
use super::parts::Parts;
use crate::media_links::rewrite;
use crate::wordpress::WordPress;

/// Characters of a value that a difference shows.
const SHOWN: usize = 80;
/// What PHP's trim() removes from titles.
const TRIMMED: [char; 6] = [' ', '\t', '\n', '\r', '\0', '\x0b'];

/// What WordPress cannot hold of this work.
pub(in crate::wordpress) fn check(vendor: &WordPress, work: &Work) -> Result<(), Failure> {
    if work.action.removes() {
        return Ok(());
    }
    let refuse = |field: &str, advice: String| {
        Err(Failure::new(Reason::UnsupportedContent, advice).with_fields([field.to_owned()]))
    };
    let kind = kind(vendor, work)?;
    let has_terms = !work.payload.categories.is_empty() || !work.payload.tags.is_empty();
    if kind == Kind::Page && has_terms {
        return refuse(
            "payload.categories",
            "pages have neither categories nor tags in WordPress".into(),
        );
    }
    match &work.payload.author {
        Some(name) if !vendor.authors.is_empty() && !vendor.authors.contains_key(name) => refuse(
            "payload.author",
            format!("{name:?} is not among the destination's `authors`"),
        ),
        _ => Ok(()),
    }
}

/// The kind of entry that the payload asks for.
pub(super) fn kind(vendor: &WordPress, work: &Work) -> Result<Kind, Failure> {
    let Some(name) = work.payload.content_type() else {
        return Ok(vendor.content_type);
    };
    Kind::named(name).ok_or_else(|| {
        let advice = format!("content_type {name:?} is neither \"post\" nor \"page\"");
        Failure::new(Reason::UnsupportedContent, advice)
            .with_fields(["payload.fields.content_type".to_owned()])
    })
}

/// The desired fields. The date is left to WordPress (the moment of publishing) unless given, so
/// that a clock that runs before the site's does not turn a publish into a scheduled one.
pub(super) struct Desired<'a> {
    kind: Kind,
    action: Action,
    slug: &'a str,
    derived_slug: &'a str,
    title: &'a str,
    content: String,
    excerpt: &'a str,
    date_gmt: Option<String>,
    author: Option<u64>,
    categories: BTreeSet<u64>,
    tags: BTreeSet<u64>,
    featured_media: u64,
}

impl<'a> Desired<'a> {
    /// What the work wants, with its delivered parts.
    pub(super) fn new(vendor: &WordPress, kind: Kind, work: &'a Work, parts: &Parts<'_>) -> Self {
        let payload = &work.payload;
        let mut categories = parts.categories.clone();
        if categories.is_empty() && kind == Kind::Post {
            categories.insert(vendor.default_category);
        }
        Self {
            kind,
            action: work.action,
            slug: &work.slug,
            derived_slug: &work.derived_slug,
            title: payload.title.trim_matches(TRIMMED),
            content: rewrite(&rendered(payload), parts.links()),
            excerpt: payload.excerpt.as_deref().unwrap_or_default(),
            date_gmt: payload.published_at.map(|at| {
                at.whole_seconds()
                    .to_string()
                    .trim_end_matches('Z')
                    .to_owned()
            }),
            author: payload
                .author
                .as_ref()
                .and_then(|name| vendor.authors.get(name))
                .copied(),
            categories,
            tags: parts.tags.clone(),
            featured_media: parts.featured_media(),
        }
    }

    /// The content fields; slug and status are steps of their own.
    pub(super) fn fields(&self) -> Value {
        let mut fields = json!({
            "title": self.title,
            "content": self.content,
            "excerpt": self.excerpt,
            "featured_media": self.featured_media,
        });
        if self.kind == Kind::Post {
            fields["categories"] = json!(self.categories);
            fields["tags"] = json!(self.tags);
        }
        if let Some(date) = &self.date_gmt {
            fields["date_gmt"] = json!(date);
        }
        if let Some(author) = self.author {
            fields["author"] = json!(author);
        }
        fields
    }

    /// How the entry differs from what is desired; none when it matches.
    pub(super) fn differences(&self, entry: &Entry) -> Vec<Difference> {
        let mut found = Vec::new();
        self.compare_texts(entry, &mut found);
        self.compare_state(entry, &mut found);
        let mut field = |name: &str, wanted: String, stored: String| {
            if wanted != stored {
                found.push(difference(name, &wanted, &stored));
            }
        };
        if let Some(date) = &self.date_gmt {
            field(
                "payload.published_at",
                date.clone(),
                entry.date_gmt.clone().unwrap_or_default(),
            );
        }
        if let Some(author) = self.author {
            field(
                "payload.author",
                author.to_string(),
                entry.author.to_string(),
            );
        }
        if self.kind == Kind::Post {
            field(
                "payload.categories",
                ids(&self.categories),
                ids(&entry.categories),
            );
            field("payload.tags", ids(&self.tags), ids(&entry.tags));
        }
        field(
            "payload.media",
            self.featured_media.to_string(),
            entry.featured_media.to_string(),
        );
        found
    }

    fn compare_texts(&self, entry: &Entry, found: &mut Vec<Difference>) {
        let same: fn(&str, &str) -> bool = if entry.keeps_any_html() {
            |wanted, stored| wanted == stored || canonical::html(wanted) == canonical::html(stored)
        } else {
            |wanted, stored| canonical::words(wanted) == canonical::words(stored)
        };
        let texts = [
            ("payload.title", self.title, &entry.title.raw),
            ("payload.body", self.content.as_str(), &entry.content.raw),
            ("payload.excerpt", self.excerpt, &entry.excerpt.raw),
        ];
        for (name, wanted, stored) in texts {
            if !same(wanted, stored) {
                found.push(difference(name, wanted, stored));
            }
        }
    }

    fn compare_state(&self, entry: &Entry, found: &mut Vec<Difference>) {
        let (status, has_slug, slug) = match self.action {
            Action::Draft => (
                "draft",
                is_in_family(&entry.slug, self.derived_slug),
                self.derived_slug,
            ),
            _ => ("publish", entry.slug == self.slug, self.slug),
        };
        if entry.status != status {
            found.push(difference("status", status, &entry.status));
        }
        if !has_slug {
            found.push(difference("payload.slug", slug, &entry.slug));
        }
    }
}

/// The body as HTML. Markdown is CommonMark with tables, strikethrough and footnotes.
fn rendered(payload: &Payload) -> String {
    if payload.body_format == BodyFormat::Html {
        return payload.body.clone();
    }
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, Parser::new_ext(&payload.body, options));
    html
}

fn ids(ids: &BTreeSet<u64>) -> String {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    ids.join(", ")
}

/// Shows both values from shortly before where they part.
pub(super) fn difference(field: &str, wanted: &str, found: &str) -> Difference {
    let same = wanted
        .chars()
        .zip(found.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let part = |text: &str| {
        text.chars()
            .skip(same.saturating_sub(SHOWN / 4))
            .take(SHOWN)
            .collect::<String>()
    };
    let detail = format!("wanted {:?}, found {:?}", part(wanted), part(found));
    Difference {
        field: field.to_owned(),
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_the_place_where_texts_part() {
        let wanted = format!("{}new end", "same ".repeat(100));
        let found = format!("{}old end", "same ".repeat(100));
        let shown = difference("payload.body", &wanted, &found).detail;
        assert!(
            shown.contains("new end") && shown.contains("old end"),
            "{shown}"
        );
        assert!(shown.len() < 3 * SHOWN);
    }

    #[test]
    fn markdown_becomes_html_and_html_stays() {
        let markdown = Payload {
            body: "a *b*".into(),
            body_format: BodyFormat::Markdown,
            ..Payload::default()
        };
        assert_eq!(rendered(&markdown), "<p>a <em>b</em></p>\n");
        let html = Payload {
            body_format: BodyFormat::Html,
            ..markdown
        };
        assert_eq!(rendered(&html), "a *b*");
    }
}
