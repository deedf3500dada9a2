//! What HubSpot's webhooks say (developers.hubspot.com, webhooks): what changed, never what it is now.
//!
//! Ensures that a list of events becomes as many changes, whatever one among them is like. Object ids count within their type, so an
//! entry is named by both. There are no events about blogs and pages: blog posts are looked up and listed, and
//! then read as if there were.

use serde_json::{Map, Value};
use slugline_core::source::{Change, Locales, Manners, News, Unreadable, What};
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{json, moment_at, name_at, text_at};
use crate::source::repeating_for;

/// Up to ten attempts in about a day.
pub(crate) const MANNERS: Manners = repeating_for(24 * 60);

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = json(incoming)?;
    let events = body.as_array().ok_or("the body is not a list of events")?;
    let read = |(place, event): (usize, _)| {
        change(event, mapping).map_err(|reason| Unreadable {
            path: place.to_string(),
            entry: mapping.entry(event, entry(event, mapping)).ok(),
            reason,
        })
    };
    Ok(events.iter().enumerate().map(read).collect())
}

/// What an event is about: its type's ids count by themselves.
fn entry(event: &Value, mapping: &Mapping) -> Option<String> {
    let word = mapping.word(event, text_at(event, "subscriptionType"))?;
    let (kind, _) = word.split_once('.').unwrap_or((word, ""));
    name_at(event, "objectId").map(|id| format!("{kind}/{id}"))
}

fn change(event: &Value, mapping: &Mapping) -> Result<Option<Change>, String> {
    let word = mapping.word(event, text_at(event, "subscriptionType"));
    let word = word.ok_or("an event has no subscriptionType")?;
    let (kind, happened) = word.split_once('.').unwrap_or((word, ""));
    let own = match happened {
        "deletion" | "privacyDeletion" => What::Deleted,
        _ => What::Published,
    };
    let Some(what) = mapping.what(Some(word), Some(own)) else {
        return Ok(None);
    };
    let change = mapping.change(Told {
        entry: entry(event, mapping),
        version: moment_at(event, "occurredAt"),
        content_type: Some(kind.to_owned()),
        fields: mapping.fields(event, None),
        ..Told::new(event, what)
    })?;
    Ok(Some(change))
}

/// What blog posts are called before their id.
pub(super) const POST: &str = "blog_post";
/// HubSpot's names in a post, and those that others use.
const NAMES: [(&str, &str); 6] = [
    ("postBody", "body"),
    ("postSummary", "excerpt"),
    ("authorName", "author"),
    ("publishDate", "published_at"),
    ("featuredImage", "feature_image"),
    ("featuredImageAltText", "feature_image_alt"),
];

/// What a blog post is that was looked up. Whether it was public before is not said.
pub(super) fn looked_up(post: &Value, mapping: &Mapping) -> Result<Change, String> {
    let says = post.get("currentlyPublished").and_then(Value::as_bool);
    let state = ["currentState", "state"]
        .iter()
        .find_map(|name| text_at(post, name));
    let is_public = says.or_else(|| state.map(|state| state == "PUBLISHED"));
    let what = match is_public {
        Some(true) => What::Published,
        Some(false) => What::Unpublished,
        None => return Err("a post does not say whether it is public".into()),
    };
    mapping.change(Told {
        entry: name_at(post, "id").map(|id| format!("{POST}/{id}")),
        locales: name_at(post, "language").map_or(Locales::Unsaid, Locales::One),
        version: moment_at(post, "updated"),
        content_type: Some(POST.to_owned()),
        fields: mapping.fields(post, Some(post)).map(usual_names),
        ..Told::new(post, what)
    })
}

/// Under the names that others use; the address keeps its last part, because the blog's stands before it.
fn usual_names(mut fields: Map<String, Value>) -> Map<String, Value> {
    for (theirs, usual) in NAMES {
        if let Some(value) = fields.remove(theirs) {
            fields.insert(usual.into(), value);
        }
    }
    let slug = fields.get("slug").and_then(Value::as_str);
    let last = slug.and_then(|slug| slug.rsplit('/').next().map(Value::from));
    if let Some(last) = last {
        fields.insert("slug".into(), last);
    }
    fields
}
