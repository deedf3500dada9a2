//! One event of each type, as the tests and the documents show them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde_json::{Value, json};

use super::cloud_event::Origin;
use super::event::{Event, SchemaVersion};
use super::kind::Kind;
use crate::event::{EventType, LogEntry};
use crate::ids::EventId;
use crate::time::Timestamp;
use crate::version::{Generation, Version};

/// 2026-11-21T09:30:02.1Z.
pub(super) const AT: Timestamp = Timestamp(1_795_253_402_100_000);
/// The server that they are from.
pub(super) const SERVER: Origin<'_> = Origin::Log("https://cms.example/slugline");

/// An event of this type that says everything.
pub(super) fn sample(kind: Kind) -> Event {
    Event {
        event_id: EventId(812),
        kind,
        content_id: Some("post-42".into()),
        version: Some(Version::Number(7)),
        idempotency_key: Some("r-1".into()),
        attempt: NonZeroU32::new(2),
        occurred_at: AT,
        source: "engine".into(),
        reason: Some("destination_error".into()),
        environment: Some("production".into()),
        locale: Some("en".into()),
        destination: Some("blog".into()),
        generation: Some(Generation(3)),
        payload: json!({"title": "Hello", "media": []}).as_object().cloned(),
        schema_version: SchemaVersion,
    }
}

/// An event of this type that says as little as one can.
pub(super) fn sparse(kind: Kind) -> Event {
    Event {
        content_id: None,
        version: None,
        idempotency_key: None,
        attempt: None,
        reason: None,
        environment: None,
        locale: None,
        destination: None,
        generation: None,
        payload: None,
        ..sample(kind)
    }
}

/// One of each type, whole and sparse, and one with a time for its version.
pub(super) fn all() -> Vec<Event> {
    let other = Kind::Other("sent_by_pigeon".into());
    let kinds = || Kind::ALL.iter().chain([&other]).cloned();
    let timed = Event {
        version: Some(Version::Time(AT)),
        ..sample(Kind::PublishRequest)
    };
    kinds()
        .map(sample)
        .chain(kinds().map(sparse))
        .chain([timed])
        .collect()
}

/// An entry of the log with these details.
pub(super) fn entry(kind: EventType, detail: &[(&str, Value)]) -> LogEntry {
    let scope = [
        ("owner", json!("default")),
        ("environment", json!("production")),
        ("locale", json!("en")),
    ];
    let detail: BTreeMap<String, Value> = scope
        .iter()
        .chain(detail)
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    LogEntry {
        seq: 812,
        kind,
        at: AT,
        actor: "engine".into(),
        outcome: "failed".into(),
        request_id: "r-1".into(),
        content_id: "post-42".into(),
        downstream_ids: BTreeMap::new(),
        detail,
    }
}
