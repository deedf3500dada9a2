//! The body of a message.
//!
//! Ensures that it depends on the work alone, so that every attempt sends the same bytes.

use serde::Serialize;
use slugline_core::connector::Work;
use slugline_core::item::Action;
use slugline_core::payload::{Media, Payload, StoredMedia};
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    content_id: &'a str,
    version: Version,
    generation: Generation,
    environment: &'a str,
    locale: &'a str,
    request_id: &'a str,
    payload: Option<Payload>,
}

/// The message as JSON. Its `timestamp` is the time of release, not that of the attempt.
pub(super) fn body(work: &Work) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Message {
        kind: kind(work.action),
        timestamp: work.released_at,
        data: Data {
            content_id: &work.item.content_id,
            version: work.version,
            generation: work.generation,
            environment: &work.item.environment,
            locale: &work.item.locale,
            request_id: &work.request_id,
            payload: payload(work),
        },
    })
}

fn kind(action: Action) -> &'static str {
    match action {
        Action::Publish | Action::Draft => "content.published",
        Action::Unpublish => "content.unpublished",
        Action::Delete => "content.deleted",
    }
}

/// The payload in the form in which it is published, with the slug that was claimed and the hash of
/// every medium. For a removal it is the last one, so that receivers know what to take away, or
/// `null` where there never was one.
pub(super) fn payload(work: &Work) -> Option<Payload> {
    if work.payload == Payload::default() {
        return None;
    }
    let mut payload = work.payload.clone();
    payload.slug = Some(work.slug.clone());
    payload.media = work.media.iter().map(medium).collect();
    Some(payload)
}

fn medium(stored: &StoredMedia) -> Media {
    Media {
        role: stored.role.clone(),
        url: stored.url.clone(),
        sha256: Some(stored.sha256.clone()),
        filename: Some(stored.filename.clone()),
        alt: stored.alt.clone(),
    }
}
