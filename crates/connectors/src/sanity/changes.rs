//! What Sanity's webhooks say, with the projection that docs/sources.md gives.
//!
//! Ensures that drafts and versions of releases never count as published. A webhook has no unpublish:
//! a published document that goes is deleted. Several may overtake each other.

use serde_json::{Map, Value};
use slugline_core::source::{Change, Locales, Manners, News, What};
use slugline_core::webhook::Incoming;

use crate::mapping::{Mapping, Told};
use crate::reading::{first_name, header, moment_at, name_at, object, text_at};
use crate::source::repeating_for;

/// It repeats for half an hour; twice that, because a repeat may be on its way for long.
pub(crate) const MANNERS: Manners = Manners {
    word_headers: &[OPERATION, DOCUMENT],
    ..repeating_for(60)
};

const OPERATION: &str = "sanity-operation";
const DOCUMENT: &str = "sanity-document-id";
/// What the types of files are called.
const ASSETS: [&str; 2] = ["sanity.imageAsset", "sanity.fileAsset"];

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let kind = name_at(&body, "_type");
    // What is deleted may be null in a projection.
    let document = header(incoming, DOCUMENT)?.map(str::to_owned);
    let id = name_at(&body, "_id").or(document);
    let id = id.ok_or_else(|| format!("there is neither _id nor the header {DOCUMENT}"))?;
    let operation = text_at(&body, "operation").or_else(|| text_at(&body, "_operation"));
    let operation = operation.or(header(incoming, OPERATION)?);
    let word = mapping.word(&body, operation);
    let (_, is_public) = published_id(&id);
    let is_file = kind.as_deref().is_some_and(|kind| ASSETS.contains(&kind));
    let own = match word {
        Some("delete") if is_file => What::AssetRemoved,
        _ if is_file => What::Asset,
        _ if !is_public => What::Draft,
        Some("delete") => What::Deleted,
        _ => What::Published,
    };
    let Some(what) = mapping.what(word.filter(|_| is_public), Some(own)) else {
        return Ok(News::default());
    };
    Ok(change(Told::new(&body, what), &id, mapping)?.into())
}

/// What a document is that was looked up: it reads as a webhook with all fields does.
pub(super) fn looked_up(document: &Value, mapping: &Mapping) -> Result<Change, String> {
    let id = name_at(document, "_id").ok_or("a document has no _id")?;
    change(Told::new(document, What::Published), &id, mapping)
}

fn change(own: Told<'_>, id: &str, mapping: &Mapping) -> Result<Change, String> {
    let body = own.root;
    let (entry, is_public) = published_id(id);
    mapping.change(Told {
        entry: Some(entry.to_owned()),
        locales: first_name(body, &["language", "__i18n_lang"])
            .map_or(Locales::Unsaid, Locales::One),
        // A draft is another document, with times of its own: a publish must not seem older than it.
        version: moment_at(body, "_updatedAt").filter(|_| is_public),
        content_type: name_at(body, "_type"),
        fields: mapping.fields(body, Some(body)).map(without_own),
        ..own
    })
}

/// The id of what is public, and whether it is this one: `drafts.ID` and `versions.RELEASE.ID` are not.
fn published_id(id: &str) -> (&str, bool) {
    let draft = id.strip_prefix("drafts.");
    let version = id.strip_prefix("versions.");
    let entry =
        draft.or_else(|| version.map(|rest| rest.split_once('.').map_or(rest, |(_, id)| id)));
    (entry.unwrap_or(id), entry.is_none())
}

/// Without what Sanity says about the document.
fn without_own(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.retain(|name, _| !name.starts_with('_') && name != "operation");
    fields
}
