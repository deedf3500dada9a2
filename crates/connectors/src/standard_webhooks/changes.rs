//! What signed messages of the form `{type, timestamp, data}` say, those of another Slugline too.
//!
//! Ensures that another Slugline's payload arrives as it is, in the order of its generations. What
//! others call things is theirs: what is not found under the usual names has to be mapped.

use serde_json::Value;
use slugline_core::payload::Payload;
use slugline_core::source::{Change, Locales, Manners, News, What};
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told, meaning};
use crate::reading::{
    at, first_name, moment_at, name_at, object, text_at, usual_version, version_at,
};
use crate::source::repeating_for;

/// The specification's schedule of attempts ends after 75 hours.
pub(crate) const MANNERS: Manners = repeating_for(75 * 60);

const IDS: [&str; 4] = ["id", "uid", "uuid", "slug"];

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let word = mapping.word(&body, text_at(&body, "type"));
    let Some(what) = mapping.what(word, word.and_then(meaning)) else {
        return Ok(News::default());
    };
    let data = body.get("data").unwrap_or(&Value::Null);
    let change = match at(data, "content_id") {
        Some(_) => from_slugline(&body, data, what, mapping),
        None => mapping.change(Told {
            entry: first_name(data, &IDS),
            locales: name_at(data, "locale").map_or(Locales::Unsaid, Locales::One),
            version: usual_version(data).or_else(|| moment_at(&body, "timestamp")),
            fields: mapping.fields(&body, Some(data)),
            ..Told::new(&body, what)
        }),
    };
    Ok(change?.into())
}

/// The payload is taken whole: it is already what we would make of it.
fn from_slugline(
    body: &Value,
    data: &Value,
    what: What,
    mapping: &Mapping,
) -> Result<Change, String> {
    let generation = version_at(data, "generation");
    let change = mapping.change(Told {
        entry: name_at(data, "content_id"),
        locales: name_at(data, "locale").map_or(Locales::Unsaid, Locales::One),
        environment: name_at(data, "environment"),
        version: generation.or_else(|| version_at(data, "version")),
        ..Told::new(body, what)
    })?;
    let payload = match what {
        What::Published | What::Draft => payload(data)?,
        _ => None,
    };
    Ok(Change { payload, ..change })
}

fn payload(data: &Value) -> Result<Option<Payload>, String> {
    let payload = at(data, "payload").cloned();
    let read = payload.map(serde_json::from_value).transpose();
    read.map_err(|why| format!("data.payload is not a payload: {why}"))
}
