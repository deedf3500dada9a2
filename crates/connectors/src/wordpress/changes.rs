//! What the Slugline plugin for WordPress says; WordPress itself sends no webhooks.
//!
//! Ensures that the picture and the date of a post arrive under the names that others use. The plugin
//! says which event it was: nothing is judged from the status.

use serde_json::{Map, Value, json};
use slugline_core::source::{Change, Locales, Manners, News, What};
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{at, name_at, object, text_at, version_at};
use crate::source::repeating_for;

/// The plugin repeats as the specification of its signature suggests: for 75 hours.
pub(crate) const MANNERS: Manners = repeating_for(75 * 60);

/// What the change says about itself, besides the content.
const TOLD: [&str; 4] = ["id", "locale", "post_type", "version"];
/// The plugin's names, and those that others use.
const NAMES: [(&str, &str); 2] = [("featured_media", "hero"), ("published", "published_at")];

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let word = mapping.word(&body, text_at(&body, "type"));
    let word = word.ok_or("there is no type")?;
    let Some(what) = mapping.what(Some(word), of_type(word)) else {
        return Ok(News::default());
    };
    let data = at(&body, "data").ok_or("there is no data")?;
    Ok(change(Told::new(&body, what), data, mapping)?.into())
}

/// What a post is that was looked up, in the form in which the plugin would bring it.
pub(super) fn looked_up(data: &Value, mapping: &Mapping) -> Result<Change, String> {
    let is_public = text_at(data, "status") == Some("publish");
    let (kind, what) = match is_public {
        true => ("post.published", What::Published),
        false => ("post.unpublished", What::Unpublished),
    };
    let body = json!({"type": kind, "timestamp": at(data, "modified"), "data": data});
    change(Told::new(&body, what), data, mapping)
}

fn change(own: Told<'_>, data: &Value, mapping: &Mapping) -> Result<Change, String> {
    mapping.change(Told {
        entry: name_at(data, "id"),
        locales: name_at(data, "locale").map_or(Locales::Unsaid, Locales::One),
        version: version_at(data, "version"),
        content_type: name_at(data, "post_type"),
        fields: mapping.fields(own.root, Some(data)).map(usual_names),
        ..own
    })
}

fn of_type(kind: &str) -> Option<What> {
    match kind {
        "post.published" => Some(What::Published),
        "post.unpublished" => Some(What::Unpublished),
        "post.deleted" => Some(What::Deleted),
        "post.saved" => Some(What::Draft),
        "media.changed" | "media.deleted" => Some(What::Asset),
        "term.changed" | "term.deleted" => Some(What::Taxonomy),
        _ => None,
    }
}

fn usual_names(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.retain(|name, _| !TOLD.contains(&name.as_str()));
    for (theirs, usual) in NAMES {
        if let Some(value) = fields.remove(theirs) {
            fields.insert(usual.into(), value);
        }
    }
    fields
}
