//! From one version to the other.
//!
//! Ensures that what both versions have is carried over unchanged, and that an upcast event says of the rest
//! that it is unknown. So down and up again loses what version 1 cannot say, and up and down again nothing.

use super::event::{Event, EventV1, SchemaVersion};

/// The event as version 2 has it. What version 1 does not say is null, and not some usual value.
#[must_use]
pub fn upcast(old: EventV1) -> Event {
    Event {
        event_id: old.event_id,
        kind: old.kind,
        content_id: old.content_id,
        version: old.version,
        idempotency_key: old.idempotency_key,
        attempt: old.attempt,
        occurred_at: old.occurred_at,
        source: old.source,
        reason: None,
        environment: None,
        locale: None,
        destination: None,
        generation: None,
        schema_version: SchemaVersion,
    }
}

/// The event for a reader that wants version 1. Each event has such a form: none is held back for it.
#[must_use]
pub fn downcast(event: Event) -> EventV1 {
    EventV1 {
        event_id: event.event_id,
        kind: event.kind,
        content_id: event.content_id,
        version: event.version,
        idempotency_key: event.idempotency_key,
        attempt: event.attempt,
        occurred_at: event.occurred_at,
        source: event.source,
        schema_version: SchemaVersion,
    }
}
