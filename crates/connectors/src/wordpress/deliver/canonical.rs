//! The forms in which HTML is compared with what WordPress stored.
//!
//! Ensures that known changes do not count as differences and lost text does. Links that open
//! elsewhere gain `rel="noopener"` and are respaced (wp_targeted_link_rel, until 6.7); accounts
//! without `unfiltered_html` lose elements but no text (wp_kses). Does not model kses.

use std::collections::BTreeMap;

/// HTML with each `<a … target=…>` in one spelling: sorted, quoted, without `noopener`.
pub(super) fn html(text: &str) -> String {
    let mut canonical = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag, after)) = next_tag(rest) {
        canonical.push_str(before);
        match targeted_link(tag) {
            Some(attributes) => canonical.push_str(&link(&attributes)),
            None => canonical.push_str(tag),
        }
        rest = after;
    }
    canonical.push_str(rest);
    canonical
}

/// The letters and digits that a reader sees: what must survive whatever else a filter removes.
pub(super) fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, _, after)) = next_tag(rest) {
        words.push_str(before);
        rest = after;
    }
    words.push_str(rest);
    let plain = unescape(&words);
    plain.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Decodes the entities that WordPress writes; others stand for themselves on both sides.
pub(super) fn unescape(text: &str) -> String {
    const ENTITIES: [(&str, &str); 7] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#039;", "'"),
        ("&#39;", "'"),
        ("&nbsp;", "\u{a0}"),
        ("&amp;", "&"),
    ];
    ENTITIES
        .iter()
        .fold(text.to_owned(), |text, (entity, plain)| {
            text.replace(entity, plain)
        })
}

/// The text before the next tag, the tag with its brackets, and what follows. A tag begins with a
/// letter, `/` or `!`: `1 < 2` is text.
fn next_tag(text: &str) -> Option<(&str, &str, &str)> {
    let opens = |(at, _): &(usize, &str)| {
        text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!')
    };
    let (start, _) = text.match_indices('<').find(opens)?;
    let length = tag_length(&text[start..])?;
    let (before, rest) = text.split_at(start);
    let (tag, after) = rest.split_at(length);
    Some((before, tag, after))
}

/// Bytes up to the closing bracket that is not inside quotes.
fn tag_length(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// The attributes of a link that names a target.
fn targeted_link(tag: &str) -> Option<BTreeMap<String, String>> {
    let inside = tag
        .strip_prefix("<a")
        .or_else(|| tag.strip_prefix("<A"))?
        .strip_suffix('>')?;
    if !inside.starts_with(char::is_whitespace) {
        return None;
    }
    let attributes = attributes(inside);
    attributes.contains_key("target").then_some(attributes)
}

fn attributes(mut text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if text.is_empty() {
            return found;
        }
        let end = text
            .find(|c: char| c.is_whitespace() || c == '=')
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end.max(1));
        let (value, rest) = value(rest.trim_start());
        found.insert(name.to_ascii_lowercase(), value.to_owned());
        text = rest;
    }
}

/// The value after an equals sign, in whatever quotes, and what follows it.
fn value(text: &str) -> (&str, &str) {
    let Some(text) = text.strip_prefix('=') else {
        return ("", text);
    };
    let text = text.trim_start();
    for quote in ['"', '\''] {
        if let Some(open) = text.strip_prefix(quote) {
            return open.split_once(quote).unwrap_or((open, ""));
        }
    }
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

fn link(attributes: &BTreeMap<String, String>) -> String {
    let mut tag = String::from("<a");
    for (name, value) in attributes {
        let value = if name == "rel" {
            relations(value)
        } else {
            value.clone()
        };
        if name != "rel" || !value.is_empty() {
            tag.push_str(&format!(" {name}=\"{value}\""));
        }
    }
    tag.push('>');
    tag
}

fn relations(value: &str) -> String {
    let kept: Vec<&str> = value
        .split_whitespace()
        .filter(|word| *word != "noopener")
        .collect();
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_opens_elsewhere_has_one_form() {
        let sent = "<p><a  href=https://a/b target='_blank' >x</a></p>";
        let stored = "<p><a href=\"https://a/b\" target=\"_blank\" rel=\"noopener\">x</a></p>";
        assert_eq!(html(sent), html(stored));
        assert_ne!(html(sent), html(&stored.replace("a/b", "a/c")));
    }

    #[test]
    fn everything_else_is_compared_byte_for_byte() {
        for text in [
            "<a href=x>y</a>",
            "1 < 2 > 0",
            "<abbr target=x>",
            "<b",
            "<!-- wp:image {\"id\":7} -->",
            "<a title=\">\" href=x>",
        ] {
            assert_eq!(html(text), text);
        }
    }

    #[test]
    fn removed_elements_lose_no_words_but_eaten_text_does() {
        let sent = "<script>let a</script><iframe src=x></iframe><p>R&amp;D &#39;now&#39;</p>";
        assert_eq!(words(sent), words("let a<p>R&amp;D &#039;now&#039;</p>"));
        assert_ne!(words("1 < 2 > 0"), words("1  0"));
    }
}
