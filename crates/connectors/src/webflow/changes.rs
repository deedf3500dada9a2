//! What Webflow's webhooks say (openapi-spec v2, webhooks).
//!
//! Ensures that each item of a collection becomes a change, alone or among others, whatever those are like. Pages and the site
//! as a whole are nobody's content. Locales are ids: without `mapping.locales` they are not told apart.

use serde_json::Value;
use slugline_core::source::{Change, Locales, Manners, News, Unreadable, What};
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{at, moment_at, name_at, object, text_at};
use crate::source::repeating_for;

/// Three more attempts, ten minutes apart, and half an hour to spare. It takes 200 only for taken. Of what is removed it
/// tells the ids only.
pub(crate) const MANNERS: Manners = Manners {
    dates_removals: false,
    only_ok: true,
    ..repeating_for(60)
};

/// The times by which items are ordered; the latest counts: a publish may leave the time of the last change.
const TIMES: [&str; 3] = ["lastUpdated", "lastPublished", "createdOn"];

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let word = mapping.word(&body, text_at(&body, "triggerType"));
    let word = word.ok_or("there is no triggerType")?;
    let Some(what) = mapping.what(Some(word), of_trigger(word)) else {
        return Ok(News::default());
    };
    let payload = at(&body, "payload").ok_or("there is no payload")?;
    let Some(items) = at(payload, "items").and_then(Value::as_array) else {
        return Ok(change(payload, what, mapping)?.into());
    };
    let read = |(place, item): (usize, _)| {
        let read = change(item, what, mapping).map(Some);
        read.map_err(|reason| Unreadable {
            path: format!("payload.items.{place}"),
            entry: mapping.entry(item, name_at(item, "id")).ok(),
            reason,
        })
    };
    Ok(items.iter().enumerate().map(read).collect())
}

fn of_trigger(trigger: &str) -> Option<What> {
    match trigger.strip_prefix("collection_item_")? {
        "published" => Some(What::Published),
        "unpublished" => Some(What::Unpublished),
        "deleted" => Some(What::Deleted),
        "created" | "changed" => Some(What::Draft),
        _ => None,
    }
}

/// What an item is that was looked up: it reads as a webhook's payload does.
pub(super) fn looked_up(
    collection: &str,
    item: &Value,
    mapping: &Mapping,
) -> Result<Change, String> {
    let mut item = item.clone();
    if let Some(members) = item.as_object_mut() {
        members.insert("collectionId".into(), collection.into());
    }
    change(&item, What::Published, mapping)
}

fn change(item: &Value, what: What, mapping: &Mapping) -> Result<Change, String> {
    mapping.change(Told {
        entry: name_at(item, "id"),
        locales: locale(item, mapping)?,
        version: TIMES
            .iter()
            .filter_map(|time| moment_at(item, time))
            .max_by_key(|version| version.ordinal()),
        content_type: name_at(item, "collectionId"),
        fields: mapping.fields(item, at(item, "fieldData")),
        ..Told::new(item, what)
    })
}

/// An id that a mapping of locales leaves out is not taken for the default: it would overwrite it.
fn locale(item: &Value, mapping: &Mapping) -> Result<Locales, String> {
    match name_at(item, "cmsLocaleId").filter(|_| mapping.has_locales()) {
        Some(id) if mapping.knows_locale(&id) => Ok(Locales::One(id)),
        Some(id) => Err(format!("the locale {id} is not in mapping.locales; add it")),
        None => Ok(Locales::Unsaid),
    }
}
