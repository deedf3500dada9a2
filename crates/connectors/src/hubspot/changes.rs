//! What HubSpot's webhooks say (developers.hubspot.com, webhooks): what changed, never what it is now.
//!
//! Ensures that a list of events becomes as many changes. Object ids count within their type, so an
//! entry is named by both. There are no events about blogs and pages: those can only be polled.

use serde_json::Value;
use slugline_core::source::{Change, Manners, What};
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{json, moment_at, name_at, text_at};
use crate::source::repeating_for;

/// Up to ten attempts in about a day.
pub(crate) const MANNERS: Manners = repeating_for(24 * 60);

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<Vec<Change>, String> {
    let body = json(incoming)?;
    let events = body.as_array().ok_or("the body is not a list of events")?;
    let change = |event| change(event, mapping).transpose();
    events.iter().filter_map(change).collect()
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
        entry: name_at(event, "objectId").map(|id| format!("{kind}/{id}")),
        version: moment_at(event, "occurredAt"),
        content_type: Some(kind.to_owned()),
        fields: mapping.fields(event, None),
        ..Told::new(event, what)
    })?;
    Ok(Some(change))
}
