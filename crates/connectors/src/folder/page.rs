//! The text of an item's file: front matter as Hugo and Eleventy read it, then the body.
//!
//! Ensures that the same work gives the same bytes, so that reading back is comparing. The body is
//! the producer's own, with links to its media pointed at the site's copies.

use serde_json::{Map, Value, json};
use slugline_core::connector::{Difference, Work};
use slugline_core::item::Action;
use slugline_core::markdown::{self, Document};

use super::mark;
use super::media::Placed;
use crate::media_links;

/// Characters of a value that a difference shows.
const MAX_SHOWN: usize = 80;
/// The member of `fields` that says where the file lies, not what it says.
const CONTENT_TYPE: &str = "content_type";

/// The whole file. `since` is the date that the item's file shows already, so that an edit does not
/// make an old post new.
pub(super) fn render(work: &Work, media: &[Placed<'_>], since: Option<&str>) -> String {
    let body = body(work, media);
    let mut front = front(work, media, since);
    front.insert(mark::MEMBER.into(), mark::of(work, &body));
    markdown::render(&Document { front, body })
}

fn body(work: &Work, media: &[Placed<'_>]) -> String {
    let links = media
        .iter()
        .filter_map(|placed| Some((placed.medium.url.as_deref()?, placed.url.as_str())));
    media_links::rewrite(&work.payload.body, links)
}

/// The producer's own fields first: the members that Slugline knows win over them.
fn front(work: &Work, media: &[Placed<'_>], since: Option<&str>) -> Map<String, Value> {
    let payload = &work.payload;
    let own = payload
        .fields
        .iter()
        .filter(|(name, _)| *name != CONTENT_TYPE);
    let mut front: Map<String, Value> = own
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let known = [
        ("title", json!(payload.title)),
        ("slug", json!(work.slug)),
        ("date", json!(date(work, since))),
        // Whole seconds, cut: Hugo leaves out what lies in the future.
        ("lastmod", json!(work.released_at.whole_seconds())),
        ("draft", json!(work.action == Action::Draft)),
        ("description", json!(payload.excerpt)),
        ("author", json!(payload.author)),
        ("categories", json!(payload.categories)),
        ("tags", json!(payload.tags)),
    ];
    front.extend(
        known
            .into_iter()
            .chain(pictures(media))
            .filter(|(_, value)| says_something(value))
            .map(|(name, value)| (name.to_owned(), value)),
    );
    front
}

fn date(work: &Work, since: Option<&str>) -> String {
    match (work.payload.published_at, since) {
        (Some(at), _) => at.whole_seconds().to_string(),
        (None, Some(since)) => since.to_owned(),
        (None, None) => work.released_at.whole_seconds().to_string(),
    }
}

/// `image` and `image_alt` for the hero, `images` as Hugo's own templates want it (addresses only),
/// and `media` with everything known.
fn pictures(media: &[Placed<'_>]) -> [(&'static str, Value); 4] {
    let hero = media.iter().find(|placed| placed.medium.role == "hero");
    let images = media
        .iter()
        .filter(|placed| placed.medium.content_type.starts_with("image/"));
    let all = media.iter().map(|placed| {
        json!({"role": placed.medium.role, "src": placed.url, "alt": placed.medium.alt, "sha256": placed.medium.sha256})
    });
    [
        ("image", json!(hero.map(|placed| &placed.url))),
        (
            "image_alt",
            json!(hero.and_then(|placed| placed.medium.alt.as_ref())),
        ),
        ("images", images.map(|placed| json!(placed.url)).collect()),
        ("media", all.collect()),
    ]
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

/// The date that a file of ours shows to the public; a draft shows none.
pub(super) fn shown_date(contents: &[u8]) -> Option<String> {
    let front = markdown::parse(std::str::from_utf8(contents).ok()?)
        .ok()?
        .front;
    let is_public = front.get("draft") == Some(&Value::Bool(false));
    front
        .get("date")
        .filter(|_| is_public)?
        .as_str()
        .map(str::to_owned)
}

/// Member by member what a file shows otherwise than it should.
pub(super) fn differences(wanted: &str, found: &[u8]) -> Vec<Difference> {
    if wanted.as_bytes() == found {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(found);
    let (Ok(wanted), Ok(found)) = (markdown::parse(wanted), markdown::parse(&text)) else {
        return vec![difference("front_matter", "readable", "not readable")];
    };
    let mut differences = differing_members(&wanted.front, &found.front);
    if wanted.body != found.body {
        differences.push(difference("body", &wanted.body, &found.body));
    }
    if differences.is_empty() {
        differences.push(difference(
            "file",
            "our bytes",
            "the same content, written otherwise",
        ));
    }
    differences
}

fn differing_members(wanted: &Map<String, Value>, found: &Map<String, Value>) -> Vec<Difference> {
    let added = found.keys().filter(|name| !wanted.contains_key(*name));
    let names = wanted.keys().chain(added);
    names
        .map(|name| (name, member(wanted, name), member(found, name)))
        .filter(|(_, wanted, found)| wanted != found)
        .map(|(name, wanted, found)| difference(&format!("front_matter.{name}"), wanted, found))
        .collect()
}

fn member<'a>(front: &'a Map<String, Value>, name: &str) -> &'a Value {
    front.get(name).unwrap_or(&Value::Null)
}

fn difference(field: &str, wanted: impl ToString, found: impl ToString) -> Difference {
    let short = |text: String| text.chars().take(MAX_SHOWN).collect::<String>();
    let detail = format!(
        "wanted {:?}, found {:?}",
        short(wanted.to_string()),
        short(found.to_string())
    );
    Difference {
        field: field.to_owned(),
        detail,
    }
}
