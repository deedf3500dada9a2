//! What Strapi's webhooks say (@strapi/core, services/webhook-runner).
//!
//! Ensures that events which overtake each other are put in order by the time at which they were sent.
//! Strapi tries once, and forgets what waits when it is restarted.

use serde_json::{Value, json};
use slugline_core::source::{Change, Locales, Manners, News, What};
use slugline_core::time::Timestamp;
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{at, first_name, moment_at, name_at, object, text_at};
use crate::source::repeating_for;

pub(crate) const MANNERS: Manners = Manners {
    signs: false,
    ..repeating_for(0)
};

/// The entry; a file has the numeric id only.
const IDS: [&str; 4] = [
    "entry.documentId",
    "entry.id",
    "media.documentId",
    "media.id",
];

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let word = mapping.word(&body, text_at(&body, "event"));
    let word = word.ok_or("there is no event")?;
    let Some(what) = mapping.what(Some(word), of_event(word, &body)) else {
        return Ok(News::default());
    };
    Ok(change(Told::new(&body, what), mapping)?.into())
}

/// What an entry is that was looked up, in the form in which a webhook would bring it if it were sent at
/// the time of the entry's last change.
pub(super) fn looked_up(
    kind: &str,
    entry: &Value,
    changed: Timestamp,
    mapping: &Mapping,
) -> Result<Change, String> {
    let body = json!({
        "event": "entry.publish",
        "createdAt": changed.to_string(),
        "model": kind,
        "entry": entry,
    });
    change(Told::new(&body, What::Published), mapping)
}

fn change(own: Told<'_>, mapping: &Mapping) -> Result<Change, String> {
    let body = own.root;
    mapping.change(Told {
        entry: first_name(body, &IDS),
        locales: name_at(body, "entry.locale").map_or(Locales::Unsaid, Locales::One),
        version: moment_at(body, "createdAt"),
        content_type: content_type(body),
        fields: mapping.fields(body, at(body, "entry")),
        ..own
    })
}

fn of_event(event: &str, body: &Value) -> Option<What> {
    match event.split_once('.')? {
        ("entry", "publish") => Some(What::Published),
        ("entry", "unpublish") => Some(What::Unpublished),
        ("entry", "delete") => Some(What::Deleted),
        ("entry", "create" | "update") => Some(match at(body, "entry.publishedAt") {
            Some(_) => What::Published,
            None => What::Draft,
        }),
        ("entry", "draft-discard") => Some(What::Draft),
        ("media", _) => Some(What::Asset),
        _ => None,
    }
}

/// `article` of `api::article.article`.
fn content_type(body: &Value) -> Option<String> {
    let of_uid = text_at(body, "uid").and_then(|uid| uid.rsplit('.').next());
    let found = of_uid.or_else(|| text_at(body, "model"));
    found.map(str::to_owned)
}
