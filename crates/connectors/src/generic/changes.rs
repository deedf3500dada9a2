//! What senders say of which nothing is known but how they sign.
//!
//! Ensures that what has no known word for what happened is not taken for a publish. The usual names
//! are tried; what is not found under them has to be mapped.

use serde_json::Value;
use slugline_core::source::{Locales, Manners, News};
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told, meaning};
use crate::reading::{first_name, header, name_at, object, text_at, usual_version};
use crate::source::repeating_for;

/// As long as the longest that is known: what is remembered too long does no harm.
pub(crate) const MANNERS: Manners = Manners {
    word_headers: &HEADERS,
    ..repeating_for(75 * 60)
};

/// Headers with the sender's word for what happened: GitHub's, Shopify's, WooCommerce's.
const HEADERS: [&str; 3] = ["x-github-event", "x-shopify-topic", "x-wc-webhook-topic"];
/// The same in the body.
const WORDS: [&str; 3] = ["type", "event", "action"];
const IDS: [&str; 3] = ["id", "uid", "uuid"];

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let word = mapping.word(&body, word(incoming, &body)?);
    let own = word.and_then(meaning);
    let Some(what) = mapping.what(word, own) else {
        return Ok(News::default());
    };
    let change = mapping.change(Told {
        entry: first_name(&body, &IDS),
        locales: name_at(&body, "locale").map_or(Locales::Unsaid, Locales::One),
        version: usual_version(&body),
        fields: mapping.fields(&body, Some(&body)),
        ..Told::new(&body, what)
    })?;
    Ok(change.into())
}

fn word<'a>(incoming: &'a Incoming, body: &'a Value) -> Result<Option<&'a str>, String> {
    for name in HEADERS {
        if let Some(word) = header(incoming, name)? {
            return Ok(Some(word));
        }
    }
    Ok(WORDS.iter().find_map(|name| text_at(body, name)))
}
