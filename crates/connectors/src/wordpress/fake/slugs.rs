//! Slugs as WordPress makes them: without a word.
//!
//! Ensures the quirks that a publisher must live with: taken, reserved and numeric slugs get a
//! suffix, everything else is bent into shape (sanitize_title, wp_unique_post_slug).

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::FakeWordPress;

/// Longer slugs are cut (6.1.9).
const MAX_SLUG: usize = 200;
/// Reserved for feeds and embeds (6.1.9: `feed` becomes `feed-2`).
const RESERVED: [&str; 7] = ["feed", "rdf", "rss", "rss2", "atom", "embed", "page"];

/// Lower case, accents folded, spaces, slashes and dots as hyphens, other Unicode as %xx (6.1.9).
pub(super) fn sanitize(text: &str) -> String {
    let mut slug = String::new();
    for c in text.trim().chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' | '_' | '%' => slug.push(c),
            ' ' | '/' | '.' | '-' => slug.push('-'),
            '\u{c0}'..='\u{17f}' => {
                slug.push_str(&slugline_core::slug::derive(&c.to_string()).unwrap_or_default())
            }
            c if c.is_ascii() => {}
            c => slug.push_str(
                &utf8_percent_encode(&c.to_string(), NON_ALPHANUMERIC)
                    .to_string()
                    .to_lowercase(),
            ),
        }
    }
    let parts: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    let mut slug = parts.join("-");
    slug.truncate(MAX_SLUG);
    slug
}

impl FakeWordPress {
    /// The slug itself or with the first free suffix. Drafts count, and what lies in the trash has
    /// another slug (6.1.9, 6.6). Posts are compared with posts; pages and media with both.
    pub(super) fn unique_slug(&self, slug: &str, kind: &str, id: u64) -> String {
        let taken = |slug: &str| self.is_taken(slug, kind, id) || is_unusable(slug);
        if slug.is_empty() || !taken(slug) {
            return slug.to_owned();
        }
        let mut number = 2_u32;
        loop {
            let suffixed = format!("{slug}-{number}");
            if !taken(&suffixed) {
                return suffixed;
            }
            number += 1;
        }
    }

    fn is_taken(&self, slug: &str, kind: &str, id: u64) -> bool {
        let by_entry = self.entries.values().any(|other| {
            other.id != id && other.slug == slug && (other.kind == kind || kind == "attachment")
        });
        by_entry
            || (kind != "post"
                && self
                    .media
                    .values()
                    .any(|other| other.id != id && other.slug == slug))
    }
}

fn is_unusable(slug: &str) -> bool {
    RESERVED.contains(&slug) || slug.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_bent_as_in_the_trials() {
        assert_eq!(sanitize("RoundTrip Ünï"), "roundtrip-uni");
        assert_eq!(sanitize("a/b.c ~'&d"), "a-b-c-d");
        assert_eq!(sanitize("日"), "%e6%97%a5");
        assert_eq!(sanitize(&"x".repeat(300)).len(), MAX_SLUG);
    }
}
