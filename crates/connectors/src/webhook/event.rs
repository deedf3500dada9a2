//! The body as an event of our contract, in the version that the receiver wants.
//!
//! Ensures that it depends on the work alone, as the message does: an attempt that is repeated sends the same
//! event in the same bytes. So it does not count attempts, and its time is that of release.

use serde_json::{Map, Value};
use slugline_core::connector::Work;
use slugline_core::contract::{Event, Kind, Origin, SchemaVersion, Written, told_as};
use slugline_core::item::Action;

use super::message;

/// Who causes what a destination is told; the log says who asked for it.
const ENGINE: &str = "engine";

/// The event as JSON. `version`: one of the contract's, as configuration ensures.
pub(super) fn body(work: &Work, version: u32) -> Result<Vec<u8>, serde_json::Error> {
    let origin = Origin::Destination {
        installation: &work.installation,
        name: &work.destination,
    };
    serde_json::to_vec(&Written::of(event(work)?, version, origin))
}

fn event(work: &Work) -> Result<Event, serde_json::Error> {
    Ok(Event {
        event_id: told_as(&work.delivery_id),
        kind: kind(work.action),
        content_id: Some(work.item.content_id.clone()),
        version: Some(work.version),
        idempotency_key: Some(work.request_id.clone()),
        attempt: None,
        occurred_at: work.released_at,
        source: ENGINE.to_owned(),
        reason: None,
        environment: Some(work.item.environment.clone()),
        locale: Some(work.item.locale.clone()),
        destination: Some(work.destination.clone()),
        generation: Some(work.generation),
        payload: payload(work)?,
        schema_version: SchemaVersion,
    })
}

fn kind(action: Action) -> Kind {
    match action {
        Action::Publish | Action::Draft => Kind::PublishRequest,
        Action::Unpublish => Kind::UnpublishRequest,
        Action::Delete => Kind::DeleteRequest,
    }
}

fn payload(work: &Work) -> Result<Option<Map<String, Value>>, serde_json::Error> {
    let payload = message::payload(work)
        .map(serde_json::to_value)
        .transpose()?;
    Ok(match payload {
        Some(Value::Object(members)) => Some(members),
        _ => None,
    })
}
