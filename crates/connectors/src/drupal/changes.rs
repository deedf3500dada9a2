//! What webhooks of Drupal's contributed module `webhooks` say.
//!
//! Ensures that only what is known to be content counts: users have names too. The form of the body is
//! not documented, so values may be plain or in Drupal's lists of `{"value": …}`, and the entity may
//! stand at `entity`, at `data` or be the body. The event is a header, which is not signed.

use serde_json::{Map, Value, json};
use slugline_core::source::{Change, Locales, Manners, News, What};
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{at, first_name, header, moment_at, name, name_at, object, text_at};
use crate::source::repeating_for;

pub(crate) const MANNERS: Manners = Manners {
    word_headers: &[EVENT],
    ..repeating_for(0)
};

const EVENT: &str = "x-drupal-event";
/// What a webhook calls the change of a node.
const UPDATE: &str = "entity:node:update";
/// Languages of what has none.
const NO_LANGUAGE: [&str; 2] = ["und", "zxx"];

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let own = header(incoming, EVENT)?.or_else(|| text_at(&body, "event"));
    let word = mapping.word(&body, own);
    let word = word.ok_or_else(|| format!("there is neither the header {EVENT} nor event"))?;
    let entity = Value::Object(plain(entity(&body)));
    let own = judged(&word.to_ascii_lowercase(), &entity);
    let Some(what) = mapping.what(Some(word), own) else {
        return Ok(News::default());
    };
    Ok(change(Told::new(&body, what), &entity, mapping)?.into())
}

/// What a node is that was looked up, in the form in which a webhook would bring it.
pub(super) fn looked_up(node: &Value, mapping: &Mapping) -> Result<Change, String> {
    let body = json!({"event": UPDATE, "data": node});
    let entity = Value::Object(plain(entity(&body)));
    let what = judged(UPDATE, &entity).unwrap_or(What::Unpublished);
    change(Told::new(&body, what), &entity, mapping)
}

fn change(own: Told<'_>, entity: &Value, mapping: &Mapping) -> Result<Change, String> {
    mapping.change(Told {
        entry: first_name(entity, &["uuid", "id", "nid", "tid", "mid", "fid"]),
        locales: match own.what {
            What::Deleted => Locales::All,
            _ => locale(entity),
        },
        version: moment_at(entity, "changed"),
        content_type: bundle(entity),
        fields: mapping.fields(own.root, Some(entity)),
        ..own
    })
}

/// Where the entity stands; JSON:API has its fields in `attributes`.
fn entity(body: &Value) -> Map<String, Value> {
    let inner = ["entity", "data"].iter().find_map(|place| at(body, place));
    let inner = inner.filter(|inner| inner.is_object()).unwrap_or(body);
    let mut entity = inner.as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(attributes)) = entity.remove("attributes") {
        entity.extend(attributes);
    }
    entity
}

/// The entity without the lists around single values; the address keeps its last part.
fn plain(entity: Map<String, Value>) -> Map<String, Value> {
    let mut entity: Map<String, Value> = entity
        .into_iter()
        .map(|(name, value)| (name, unlisted(value)))
        .collect();
    let alias = |path| text_at(path, "alias").or_else(|| text_at(path, "0.alias"));
    let alias = entity.get("path").and_then(alias);
    let slug = alias.and_then(|alias| alias.trim_end_matches('/').rsplit('/').next());
    if let Some(slug) = slug.filter(|slug| !slug.is_empty()).map(Value::from) {
        entity.entry("slug").or_insert(slug);
    }
    entity
}

/// What a field holds, out of its list where it is alone.
fn unlisted(value: Value) -> Value {
    let has_value = |value: &Value| value.get("value").is_some();
    match value {
        Value::Array(list) if list.len() == 1 && list.iter().all(has_value) => {
            list.into_iter().map(held).next().unwrap_or_default()
        }
        Value::Array(list) => list.into_iter().map(held).collect(),
        other => held(other),
    }
}

/// The text as it is shown, before the text as it was written.
fn held(value: Value) -> Value {
    match value {
        Value::Object(mut members) => match members.remove("processed") {
            Some(shown @ Value::String(_)) => shown,
            _ => match members.remove("value") {
                Some(value) => value,
                None => Value::Object(members),
            },
        },
        other => other,
    }
}

fn judged(event: &str, entity: &Value) -> Option<What> {
    match kind(event, entity)? {
        Kind::Term => return Some(What::Taxonomy),
        Kind::File => return Some(What::Asset),
        Kind::Node => {}
    }
    let is = |words: &[&str]| words.iter().any(|word| event.contains(word));
    match is_public(entity) {
        _ if is(&["delete"]) => Some(What::Deleted),
        true if is(&["create", "insert", "update"]) => Some(What::Published),
        false if is(&["update"]) => Some(What::Unpublished),
        false if is(&["create", "insert"]) => Some(What::Draft),
        _ => None,
    }
}

enum Kind {
    Node,
    Term,
    File,
}

/// What sort of entity it is: as the event has it, or else by what the entity has.
fn kind(event: &str, entity: &Value) -> Option<Kind> {
    let type_of = text_at(entity, "type").and_then(|kind| Some(kind.split_once("--")?.0));
    let words: Vec<&str> = event.split([':', '.', '-', '/']).collect();
    let of = |name: &str| match name {
        "node" => Some(Kind::Node),
        "taxonomy_term" => Some(Kind::Term),
        "media" | "file" => Some(Kind::File),
        _ => None,
    };
    if let Some(kind) = words.iter().copied().chain(type_of).find_map(of) {
        return Some(kind);
    }
    // An event that names another sort is about that; one of two words names none.
    if words.len() > 2 || type_of.is_some() {
        return None;
    }
    let has = |name: &str| at(entity, name).is_some();
    match () {
        () if has("nid") || has("title") => Some(Kind::Node),
        () if has("tid") => Some(Kind::Term),
        () if has("mid") || has("fid") => Some(Kind::File),
        () => None,
    }
}

/// Not saying so is no reason to hide it: what has no such field has no drafts.
fn is_public(entity: &Value) -> bool {
    match at(entity, "status") {
        Some(Value::Bool(status)) => *status,
        Some(status) => matches!(name(status).as_deref(), Some("1" | "true")),
        None => true,
    }
}

fn locale(entity: &Value) -> Locales {
    let code = name_at(entity, "langcode").filter(|code| !NO_LANGUAGE.contains(&code.as_str()));
    code.map_or(Locales::Unsaid, Locales::One)
}

/// `article` of `node--article`, or of a reference to it.
fn bundle(entity: &Value) -> Option<String> {
    let found = first_name(entity, &["type", "type.0.target_id", "bundle"])?;
    let bundle = found.split_once("--").map(|(_, bundle)| bundle.to_owned());
    Some(bundle.unwrap_or(found))
}
