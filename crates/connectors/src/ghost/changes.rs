//! What Ghost's webhooks say (core/server/services/webhooks).
//!
//! Ensures that the state of the post counts, not the name of the event: one save sends several events,
//! and older versions name none. Ghost tries once, in effect: what is missed is missed.

use serde_json::{Map, Value, json};
use slugline_core::source::{Change, Manners, What};
use slugline_core::webhook::Incoming;

use crate::content::named;
use crate::mapping::{Mapping, Told};
use crate::reading::{at, moment_at, name_at, object, text_at};
use crate::source::repeating_for;

pub(crate) const MANNERS: Manners = repeating_for(0);

/// What a body can be about; members and the site are nobody's content.
const KINDS: [&str; 3] = ["post", "page", "tag"];

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<Vec<Change>, String> {
    let body = object(incoming)?;
    let found = KINDS
        .iter()
        .find_map(|kind| Some((*kind, at(&body, kind)?)));
    let Some((kind, entity)) = found else {
        return Ok(Vec::new());
    };
    let word = mapping.word(&body, text_at(&body, "event"));
    let own = match kind {
        "tag" => What::Taxonomy,
        _ => of_state(entity),
    };
    let Some(what) = mapping.what(word, Some(own)) else {
        return Ok(Vec::new());
    };
    let entry = state(entity, "current").or_else(|| state(entity, "previous"));
    let entry = entry.ok_or_else(|| format!("{kind} has neither current nor previous"))?;
    Ok(vec![change(Told::new(&body, what), kind, entry, mapping)?])
}

/// What a post or page is that was looked up, in the form in which a webhook would bring it.
pub(super) fn looked_up(kind: &str, post: &Value, mapping: &Mapping) -> Result<Change, String> {
    let entity = json!({"current": post, "previous": {}});
    let what = match of_state(&entity) {
        What::Published => What::Published,
        // Whether it was public before is not said.
        _ => What::Unpublished,
    };
    let body = json!({kind: entity});
    change(Told::new(&body, what), kind, post, mapping)
}

fn change(own: Told<'_>, kind: &str, entry: &Value, mapping: &Mapping) -> Result<Change, String> {
    mapping.change(Told {
        entry: name_at(entry, "id"),
        version: moment_at(entry, "updated_at"),
        content_type: Some(kind.into()),
        fields: mapping.fields(own.root, Some(entry)).map(usual_names),
        ..own
    })
}

/// A state that is not `{}`, which stands for none.
fn state<'a>(entity: &'a Value, which: &str) -> Option<&'a Value> {
    let is_some = |state: &&Value| state.as_object().is_some_and(|state| !state.is_empty());
    at(entity, which).filter(is_some)
}

fn of_state(entity: &Value) -> What {
    let Some(current) = state(entity, "current") else {
        return What::Deleted;
    };
    let is_public = |status| matches!(status, Some("published" | "sent"));
    if is_public(text_at(current, "status")) {
        What::Published
    } else if is_public(text_at(entity, "previous.status")) {
        What::Unpublished
    } else {
        What::Draft
    }
}

/// Excerpt and author under the names that others use, and without the tags that Ghost keeps to itself.
fn usual_names(mut fields: Map<String, Value>) -> Map<String, Value> {
    if let Some(own @ Value::String(_)) = fields.remove("custom_excerpt") {
        fields.insert("excerpt".into(), own);
    }
    let first = || fields.get("authors").and_then(|authors| at(authors, "0"));
    let author = fields.get("primary_author").and_then(named);
    if let Some(author) = author.or_else(|| first().and_then(named)) {
        fields.insert("author".into(), author.into());
    }
    if let Some(Value::Array(tags)) = fields.get_mut("tags") {
        tags.retain(|tag| text_at(tag, "visibility") != Some("internal"));
    }
    fields
}
