//! An entry as WordPress stores it.
//!
//! Ensures that what is compared and fingerprinted is what was written (`raw`), never what a theme
//! and plugins make of it (`rendered`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Value, json};
use slugline_core::canonical::Fingerprint;
use slugline_core::connector::Work;

/// Suffixes that WordPress gave to repeated creates in the worst of our trials, and some more.
const SUFFIXES: std::ops::RangeInclusive<u8> = 2..=9;

/// The kind of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::wordpress) enum Kind {
    /// Dated, with categories and tags.
    #[default]
    Post,
    /// Without either.
    Page,
}

impl Kind {
    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Post, Self::Page]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// The name in a payload, in configuration and in WordPress.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Page => "page",
        }
    }

    /// The collection's route.
    pub(super) fn route(self) -> &'static str {
        match self {
            Self::Post => "posts",
            Self::Page => "pages",
        }
    }
}

/// Where an entry is, such as `posts/17`; the result of the effect [`ENTRY`](slugline_core::port::ENTRY).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryRef {
    pub(super) kind: Kind,
    pub(super) id: u64,
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.route(), self.id)
    }
}

impl FromStr for EntryRef {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let complaint = || format!("{text:?} does not name an entry such as posts/17");
        let (route, id) = text.split_once('/').ok_or_else(complaint)?;
        let kind = [Kind::Post, Kind::Page]
            .into_iter()
            .find(|kind| kind.route() == route);
        let id = id.parse().ok();
        kind.zip(id)
            .map(|(kind, id)| Self { kind, id })
            .ok_or_else(complaint)
    }
}

/// Where the entry that WordPress and our plugin call `id` may be.
pub(in crate::wordpress) fn entry_refs(id: &str) -> Vec<String> {
    let kinds = [Kind::Post, Kind::Page].into_iter();
    let at = |id| move |kind| EntryRef { kind, id }.to_string();
    id.parse()
        .map(|id| kinds.map(at(id)).collect())
        .unwrap_or_default()
}

/// A field with its stored form.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Raw {
    pub(super) raw: String,
}

/// An entry, read with `context=edit`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) id: u64,
    pub(super) slug: String,
    pub(super) status: String,
    pub(super) link: String,
    /// UTC without a zone, whole seconds. `None` for a draft that takes its date when published.
    pub(super) date_gmt: Option<String>,
    pub(super) title: Raw,
    pub(super) content: Raw,
    pub(super) excerpt: Raw,
    pub(super) author: u64,
    pub(super) featured_media: u64,
    #[serde(default)]
    pub(super) categories: BTreeSet<u64>,
    #[serde(default)]
    pub(super) tags: BTreeSet<u64>,
    #[serde(rename = "_links", default)]
    links: BTreeMap<String, Value>,
}

impl Entry {
    /// Whether the public sees it.
    pub(super) fn is_live(&self) -> bool {
        self.status == "publish"
    }

    /// Whether it is as an unpublished entry should be: unseen, and the real slug is free.
    pub(super) fn is_at_rest(&self, derived_slug: &str) -> bool {
        match self.status.as_str() {
            "trash" => true,
            "draft" => is_in_family(&self.slug, derived_slug),
            _ => false,
        }
    }

    /// Whether our account may store any HTML; WordPress says so beside each entry.
    pub(super) fn keeps_any_html(&self) -> bool {
        self.links.contains_key("wp:action-unfiltered-html")
    }

    /// Over all that is ours in it, so that any change by others shows.
    pub(super) fn fingerprint(&self) -> String {
        let observed = json!({
            "title": self.title.raw, "content": self.content.raw, "excerpt": self.excerpt.raw,
            "slug": self.slug, "status": self.status, "date": self.date_gmt, "author": self.author,
            "categories": self.categories, "tags": self.tags, "featured_media": self.featured_media,
        });
        Fingerprint::of(&observed).hex()
    }
}

/// The slugs under which WordPress may have stored a draft that asked for `derived_slug`: a repeated
/// create gets a suffix without a word (wp_unique_post_slug), and there is no search by prefix.
pub(super) fn family(derived_slug: &str) -> Vec<String> {
    let suffixed = SUFFIXES.map(|number| format!("{derived_slug}-{number}"));
    std::iter::once(derived_slug.to_owned())
        .chain(suffixed)
        .collect()
}

/// Whether a slug is one of [`family`].
pub(super) fn is_in_family(slug: &str, derived_slug: &str) -> bool {
    family(derived_slug).iter().any(|known| known == slug)
}

/// Whether a live entry cannot stay under this slug when it is refused the desired one: it got the slug
/// in asking for the desired one, or a late publish met it after the slug was given back.
pub(super) fn must_move(slug: &str, work: &Work) -> bool {
    is_given_for(slug, &work.slug) || is_in_family(slug, &work.derived_slug)
}

/// Whether WordPress gives `slug` to those that ask for `wanted`: that, or with a number behind it.
fn is_given_for(slug: &str, wanted: &str) -> bool {
    let Some(rest) = slug.strip_prefix(wanted) else {
        return false;
    };
    let number = rest.strip_prefix('-').unwrap_or_default();
    rest.is_empty() || (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back() {
        let page = EntryRef {
            kind: Kind::Page,
            id: 17,
        };
        assert_eq!(page.to_string().parse(), Ok(page));
        assert!("media/17".parse::<EntryRef>().is_err());
        assert!("posts/x".parse::<EntryRef>().is_err());
    }

    #[test]
    fn a_family_ends_where_another_slug_begins() {
        assert!(is_in_family("sl-a", "sl-a"));
        assert!(is_in_family("sl-a-2", "sl-a"));
        assert!(!is_in_family("sl-a-2024", "sl-a"));
        assert!(!is_in_family("sl-ab", "sl-a"));
    }

    #[test]
    fn a_given_slug_is_the_wanted_one_with_a_number() {
        assert!(is_given_for("beta", "beta"));
        assert!(is_given_for("beta-17", "beta"));
        assert!(!is_given_for("beta-x", "beta"));
        assert!(!is_given_for("betamax", "beta"));
        assert!(!is_given_for("beta-", "beta"));
    }
}
