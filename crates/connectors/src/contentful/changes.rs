//! What Contentful's webhooks say (developers/docs/webhooks).
//!
//! Ensures that an entry with fields in several locales becomes one change in each. A save counts in
//! another way (`sys.version`) than a publish (`sys.revision`), so a draft tells no version by which a
//! publish could seem old. The topic is a header, which is signed only where Contentful lists it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use slugline_core::source::{Change, Locales, Manners, News, What};
use slugline_core::version::Version;
use slugline_core::webhook::Incoming;

use crate::content::with_text;
use crate::mapping::{Mapping, Told};
use crate::reading::{MAX_NAME, header, moment_at, name_at, object, text_at, version_at};
use crate::source::repeating_for;

/// Two more attempts, 30 s apart; each may take its time.
pub(crate) const MANNERS: Manners = Manners {
    main_environment: Some("master"),
    word_headers: &[TOPIC],
    ..repeating_for(2)
};

const TOPIC: &str = "x-contentful-topic";
/// What a topic begins with.
const MANAGEMENT: &str = "ContentManagement.";

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let topic = mapping.word(&body, header(incoming, TOPIC)?);
    let kind = text_at(&body, "sys.type");
    if topic.is_none() && kind.is_none() {
        return Err(format!("there is neither the header {TOPIC} nor sys.type"));
    }
    let own = topic.map_or_else(|| of_kind(kind), of_topic);
    match mapping.what(topic, own) {
        Some(what) => told(&body, what, mapping).map(News::from),
        None => Ok(News::default()),
    }
}

/// What an entry is that was looked up: it reads as a webhook does.
pub(super) fn looked_up(entry: &Value, mapping: &Mapping) -> Result<Vec<Change>, String> {
    told(entry, What::Published, mapping)
}

fn told(body: &Value, what: What, mapping: &Mapping) -> Result<Vec<Change>, String> {
    let told = |locales, fields| {
        mapping.change(Told {
            entry: name_at(body, "sys.id"),
            locales,
            environment: name_at(body, "sys.environment.sys.id"),
            version: version(body, what),
            content_type: name_at(body, "sys.contentType.sys.id"),
            fields,
            ..Told::new(body, what)
        })
    };
    match what {
        What::Published | What::Draft => {
            let locales = locales(mapping.fields(body, body.get("fields")), mapping);
            let told = |(locale, fields)| told(locale, Some(fields));
            locales.into_iter().map(told).collect()
        }
        What::Unpublished | What::Deleted => Ok(vec![told(Locales::All, None)?]),
        What::Asset | What::Taxonomy => Ok(vec![told(Locales::Unsaid, None)?]),
    }
}

fn of_topic(topic: &str) -> Option<What> {
    match topic.strip_prefix(MANAGEMENT)?.split_once('.')? {
        ("Entry", "publish") => Some(What::Published),
        ("Entry", "unpublish") => Some(What::Unpublished),
        ("Entry", "delete") => Some(What::Deleted),
        ("Entry", "save" | "auto_save" | "create" | "archive" | "unarchive") => Some(What::Draft),
        ("Asset", _) => Some(What::Asset),
        _ => None,
    }
}

/// Where a proxy has taken the topic away.
fn of_kind(kind: Option<&str>) -> Option<What> {
    match kind {
        Some("Entry") => Some(What::Published),
        Some("DeletedEntry") => Some(What::Unpublished),
        Some("Asset" | "DeletedAsset") => Some(What::Asset),
        _ => None,
    }
}

/// `sys.version` counts saves, and `sys.revision` publishes: a removal that only has the former must not
/// seem newer than the publishes that follow it.
fn version(body: &Value, what: What) -> Option<Version> {
    let revision = || version_at(body, "sys.revision");
    let state = || version_at(body, "sys.version").or_else(|| moment_at(body, "sys.updatedAt"));
    match what {
        What::Draft => None,
        What::Unpublished | What::Deleted => revision(),
        _ => revision().or_else(state),
    }
}

/// The fields of each locale that has any text. Where there is none, or where the fields are not by
/// locale because a transformation has made them flat, nothing is said about locales.
fn locales(
    fields: Option<Map<String, Value>>,
    mapping: &Mapping,
) -> Vec<(Locales, Map<String, Value>)> {
    let fields = fields.unwrap_or_default();
    if !fields.values().all(Value::is_object) {
        return vec![(Locales::Unsaid, fields)];
    }
    let mut found: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (name, values) in fields {
        let Value::Object(values) = values else {
            continue;
        };
        // Each locale gets the name.
        if name.len() > MAX_NAME {
            continue;
        }
        for (locale, value) in values {
            let fields = found.entry(locale).or_default();
            fields.insert(name.clone(), value);
        }
    }
    let found = found.into_iter().filter_map(|(locale, fields)| {
        with_text(fields, mapping).map(|fields| (Locales::One(locale), fields))
    });
    let found: Vec<_> = found.collect();
    match found.is_empty() {
        true => vec![(Locales::Unsaid, Map::new())],
        false => found,
    }
}
