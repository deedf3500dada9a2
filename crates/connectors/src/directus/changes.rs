//! What a Directus flow says, with the body template that docs/sources.md gives.
//!
//! Ensures that an event about several items becomes as many changes, and that an update, which brings
//! only what changed, is never taken for the whole. Directus tries once and promises no order.

use serde_json::{Value, json};
use slugline_core::source::{Change, Manners, News, Repeats, What};
use slugline_core::version::Version;
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{at, name, name_at, object, text, text_at};
use crate::source::repeating_for;

pub(crate) const MANNERS: Manners = Manners {
    repeats: Repeats::None,
    dates_removals: false,
    signs: false,
    ..repeating_for(0)
};

/// What a template writes where there is nothing.
const NOTHING: [&str; 2] = ["undefined", "null"];

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let word = mapping.word(&body, text_at(&body, "event"));
    let word = word.ok_or("there is no event")?;
    let collection = name_at(&body, "collection").ok_or("there is no collection")?;
    let payload = at(&body, "payload").and_then(written);
    let own = of_event(word, &collection, payload.as_ref());
    let Some(what) = mapping.what(Some(word), own) else {
        return Ok(News::default());
    };
    let keys = keys(&body);
    if keys.is_empty() {
        return Err("there is neither key nor keys".into());
    }
    // What is made is one item, told whole.
    let whole = payload
        .as_ref()
        .filter(|_| is(word, "create") && keys.len() == 1);
    let change = |key: String| {
        let own = Told::new(&body, what);
        change(own, &collection, &key, whole, mapping)
    };
    let changes: Result<Vec<_>, _> = keys.into_iter().map(change).collect();
    changes.map(News::from)
}

/// What an item is that was looked up, in the form in which a flow would tell it.
pub(super) fn looked_up(
    collection: &str,
    key: &str,
    item: &Value,
    version: Option<Version>,
    mapping: &Mapping,
) -> Result<Change, String> {
    let event = "items.update";
    let body = json!({"event": event, "collection": collection, "key": key, "payload": item});
    let what = of_event(event, collection, Some(item)).unwrap_or(What::Unpublished);
    let own = Told {
        version,
        ..Told::new(&body, what)
    };
    change(own, collection, key, Some(item), mapping)
}

fn change(
    own: Told<'_>,
    collection: &str,
    key: &str,
    whole: Option<&Value>,
    mapping: &Mapping,
) -> Result<Change, String> {
    mapping.change(Told {
        entry: Some(format!("{collection}/{key}")),
        content_type: Some(collection.to_owned()),
        fields: mapping.fields(own.root, whole),
        ..own
    })
}

/// Whether this happened to items; an event may be named with its collection before it.
fn is(event: &str, happened: &str) -> bool {
    event.rsplit('.').next() == Some(happened)
}

fn of_event(event: &str, collection: &str, payload: Option<&Value>) -> Option<What> {
    if collection == "directus_files" {
        return Some(match is(event, "delete") {
            true => What::AssetRemoved,
            false => What::Asset,
        });
    }
    if collection.starts_with("directus_") {
        return None;
    }
    // Whether there is a status, and what its words are, is convention.
    let status = payload.and_then(|payload| text_at(payload, "status"));
    let is_public = status.is_none_or(|status| status == "published");
    match is_public {
        _ if is(event, "delete") => Some(What::Deleted),
        true if is(event, "create") || is(event, "update") || is(event, "promote") => {
            Some(What::Published)
        }
        false if is(event, "create") => Some(What::Draft),
        false if is(event, "update") || is(event, "promote") => Some(What::Unpublished),
        _ => None,
    }
}

/// The items, named once each: one as `key`, or several as `keys`.
fn keys(body: &Value) -> Vec<String> {
    let several = at(body, "keys").and_then(written);
    let several = several.as_ref().and_then(Value::as_array);
    let mut keys: Vec<String> = several
        .into_iter()
        .flatten()
        .chain(at(body, "key"))
        .filter_map(name)
        .filter(|key| !NOTHING.contains(&key.as_str()) && !key.starts_with("{{"))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// A list or an object, also one that the template has written as a text.
fn written(value: &Value) -> Option<Value> {
    match text(value) {
        Some(text) => serde_json::from_str(text).ok(),
        None => Some(value.clone()),
    }
}
