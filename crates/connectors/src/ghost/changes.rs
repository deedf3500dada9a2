//! What Ghost's webhooks say (core/server/services/webhooks).
//!
//! Ensures that the state of the post counts, not the name of the event: one save sends several events,
//! and older versions name none. Two saves in one second are told apart by when they were sent, for Ghost's
//! own times have no more than seconds. What Ghost keeps to itself, earlier drafts and people's addresses
//! among it, comes no further. Ghost tries once, in effect: what is missed is missed.

use std::time::Duration;

use serde_json::{Map, Value, json};
use slugline_core::source::{Change, Manners, News, What};
use slugline_core::time::Timestamp;
use slugline_core::version::Version;
use slugline_core::webhook::Incoming;

use super::webhook::sent_at;
use crate::content::named;
use crate::mapping::{Mapping, Told};
use crate::reading::{at, moment_at, name_at, object, text_at};
use crate::source::repeating_for;

pub(crate) const MANNERS: Manners = repeating_for(0);

/// What a body can be about; members and the site are nobody's content.
const KINDS: [&str; 3] = ["post", "page", "tag"];

/// What it has of a post besides what readers see. With the `uuid` anybody could see the drafts.
const OWN: [&str; 13] = [
    "comment_id",
    "count",
    "email",
    "email_only",
    "email_segment",
    "email_subject",
    "lexical",
    "mobiledoc",
    "newsletter",
    "plaintext",
    "post_revisions",
    "tiers",
    "uuid",
];
/// What readers see of an author (Content API, authors).
const PUBLIC: [&str; 18] = [
    "bio",
    "bluesky",
    "cover_image",
    "facebook",
    "id",
    "instagram",
    "linkedin",
    "location",
    "mastodon",
    "name",
    "profile_image",
    "slug",
    "threads",
    "tiktok",
    "twitter",
    "url",
    "website",
    "youtube",
];
/// Of the wait between a change and its sending so much counts: it must not reach into the next second.
const LONGEST: u128 = 999_999;

/// What a genuine webhook says.
pub(crate) fn changes(incoming: &Incoming, mapping: &Mapping) -> Result<News, String> {
    let body = object(incoming)?;
    let found = KINDS
        .iter()
        .find_map(|kind| Some((*kind, at(&body, kind)?)));
    let Some((kind, entity)) = found else {
        return Ok(News::default());
    };
    let word = mapping.word(&body, text_at(&body, "event"));
    let own = match kind {
        "tag" => What::Taxonomy,
        _ => of_state(entity),
    };
    let Some(what) = mapping.what(word, Some(own)) else {
        return Ok(News::default());
    };
    let entry = state(entity, "current").or_else(|| state(entity, "previous"));
    let entry = entry.ok_or_else(|| format!("{kind} has neither current nor previous"))?;
    let own = Told {
        version: version(entry, sent_at(incoming)),
        ..Told::new(&body, what)
    };
    Ok(change(own, kind, entry, mapping)?.into())
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
    let own = Told {
        version: version(post, None),
        ..Told::new(&body, what)
    };
    change(own, kind, post, mapping)
}

/// The second of the change, and the milliseconds from there until it was told as microseconds: whatever is told
/// later of the same second is newer, and nothing is newer than what was changed in the next one.
fn version(entry: &Value, sent: Option<Timestamp>) -> Option<Version> {
    match (moment_at(entry, "updated_at"), sent) {
        (Some(Version::Time(changed)), Some(sent)) => {
            let wait = sent.since(changed).as_millis().min(LONGEST);
            let wait = Duration::from_micros(u64::try_from(wait).unwrap_or_default());
            Some(Version::Time(changed.plus(wait)))
        }
        (own, _) => own,
    }
}

fn change(own: Told<'_>, kind: &str, entry: &Value, mapping: &Mapping) -> Result<Change, String> {
    mapping.change(Told {
        entry: name_at(entry, "id"),
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

/// Excerpt and author under the names that others use, and without what Ghost keeps to itself.
fn usual_names(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.retain(|name, _| !OWN.contains(&name.as_str()));
    if let Some(own @ Value::String(_)) = fields.remove("custom_excerpt") {
        fields.insert("excerpt".into(), own);
    }
    let first = || fields.get("authors").and_then(|authors| at(authors, "0"));
    let author = fields.get("primary_author").and_then(named);
    if let Some(author) = author.or_else(|| first().and_then(named)) {
        fields.insert("author".into(), author.into());
    }
    let listed = fields.get_mut("authors").and_then(Value::as_array_mut);
    listed.into_iter().flatten().for_each(only_public);
    fields.get_mut("primary_author").map(only_public);
    if let Some(Value::Array(tags)) = fields.get_mut("tags") {
        tags.retain(|tag| text_at(tag, "visibility") != Some("internal"));
    }
    fields
}

fn only_public(person: &mut Value) {
    if let Value::Object(person) = person {
        person.retain(|name, _| PUBLIC.contains(&name.as_str()));
    }
}
