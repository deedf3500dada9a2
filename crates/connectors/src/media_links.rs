//! Pointing a body at the destination's own copies of its media.
//!
//! Ensures that only whole links change: `https://a/b.png` inside `https://a/b.png?w=2` or behind
//! an archive's `https://web/https://a/b.png` is another link. Does not parse HTML or Markdown.

use aho_corasick::{AhoCorasick, MatchKind};

/// The body with each link replaced by its new address. An `&` may be written as `&amp;`.
pub(crate) fn rewrite<'a>(
    body: &str,
    links: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let (known, targets): (Vec<String>, Vec<&str>) = links.into_iter().flat_map(spellings).unzip();
    let finder = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(&known);
    let Ok(finder) = finder else {
        // Only a set of links beyond 2 GiB cannot be compiled; they keep pointing to their origin.
        return body.to_owned();
    };
    let mut text = String::with_capacity(body.len());
    finder.replace_all_with(body, &mut text, |found, link, text| {
        let whole = starts_link(&body[..found.start()]) && ends_link(&body[found.end()..]);
        text.push_str(if whole {
            targets[found.pattern().as_usize()]
        } else {
            link
        });
        true
    });
    text
}

fn spellings<'a>((from, to): (&str, &'a str)) -> [(String, &'a str); 2] {
    [(from.to_owned(), to), (from.replace('&', "&amp;"), to)]
}

fn starts_link(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || "/=?&%-_".contains(c))
}

fn ends_link(after: &str) -> bool {
    let mut next = after.chars();
    match next.next() {
        // A full stop ends a sentence, or begins another extension.
        Some('.') => !next.next().is_some_and(char::is_alphanumeric),
        Some(c) => !(c.is_alphanumeric() || "-_~%/?=&+@".contains(c)),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKS: [(&str, &str); 3] = [
        ("https://a/b.png", "/media/b.png"),
        ("https://a/b.png?w=2&h=1", "/media/small.png"),
        ("images/c.png", "/media/c.png"),
    ];

    fn rewritten(body: &str) -> String {
        rewrite(body, LINKS)
    }

    #[test]
    fn links_are_rewritten_wherever_they_stand() {
        assert_eq!(rewritten("![x](https://a/b.png)"), "![x](/media/b.png)");
        assert_eq!(
            rewritten("<img src=\"https://a/b.png\">"),
            "<img src=\"/media/b.png\">"
        );
        assert_eq!(
            rewritten("srcset='https://a/b.png 1x, https://a/b.png?w=2&amp;h=1 2x'"),
            "srcset='/media/b.png 1x, /media/small.png 2x'"
        );
        assert_eq!(
            rewritten("![c](images/c.png) See https://a/b.png."),
            "![c](/media/c.png) See /media/b.png."
        );
    }

    #[test]
    fn a_link_that_only_contains_a_known_one_stays() {
        for other in [
            "https://a/b.png?w=3",
            "https://a/b.png.webp",
            "https://web/https://a/b.png",
            "https://x/images/c.png",
        ] {
            assert_eq!(rewritten(other), other);
        }
        assert_eq!(rewrite("no links", []), "no links");
    }
}
