//! Slugs: the public path segment of an item.
//!
//! Ensures the form that every vendor keeps unchanged: `[a-z0-9-]{1,180}`, not a number, not a word
//! that CMSs reserve (WordPress turns `2026` and `feed` into `2026-2` and `feed-2` without a word).

/// Characters; WordPress cuts at 200 and Ghost at 185, and a suffix must fit.
pub const MAX_SLUG: usize = 180;
/// Words that WordPress gives to feeds and embeds.
const RESERVED: [&str; 7] = ["feed", "rdf", "rss", "rss2", "atom", "embed", "page"];

/// Checks a slug that a producer chose; the complaint suggests one that works.
pub fn check(slug: &str) -> Result<(), String> {
    if is_canonical(slug) {
        return Ok(());
    }
    let form = "must be 1 to 180 of a-z, 0-9 and '-', begin and end with a letter or digit, and be neither a number nor reserved";
    Err(match derive(slug) {
        Some(better) => format!("{form}; did you mean {better:?}?"),
        None => form.to_owned(),
    })
}

/// A slug for a title, or `None` where nothing of it can be written in ASCII.
#[must_use]
pub fn derive(title: &str) -> Option<String> {
    let whole = ::slug::slugify(title);
    let mut cut = whole.as_str();
    if cut.len() > MAX_SLUG {
        cut = &cut[..MAX_SLUG];
        cut = cut.rfind('-').map_or(cut, |end| &cut[..end]);
    }
    let cut = cut.trim_matches('-');
    if cut.is_empty() {
        return None;
    }
    let slug = if is_canonical(cut) {
        cut.to_owned()
    } else {
        format!("post-{cut}")
    };
    is_canonical(&slug).then_some(slug)
}

fn is_canonical(slug: &str) -> bool {
    let plain = slug
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let sized = (1..=MAX_SLUG).contains(&slug.len());
    let bounded = !slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--");
    let number = slug.bytes().all(|b| b.is_ascii_digit());
    plain && sized && bounded && !number && !RESERVED.contains(&slug)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn titles_become_slugs() {
        assert_eq!(
            derive("Ünï & friends: 1 < 2"),
            Some("uni-friends-1-2".into())
        );
        assert_eq!(derive("2026"), Some("post-2026".into()));
        assert_eq!(derive("feed"), Some("post-feed".into()));
        assert_eq!(derive(""), None);
    }

    #[test]
    fn a_bad_slug_is_answered_with_a_good_one() {
        assert!(
            check("Hello World")
                .unwrap_err()
                .contains("\"hello-world\"")
        );
        assert!(check("../../etc").is_err());
        assert!(check("2026").unwrap_err().contains("post-2026"));
        assert_eq!(check("a-fine-slug-2"), Ok(()));
    }

    proptest! {
        #[test]
        fn what_is_derived_passes_the_check(title in ".{0,400}") {
            if let Some(slug) = derive(&title) {
                prop_assert_eq!(check(&slug), Ok(()));
            }
        }
    }
}
