//! From one version to the next, and back.
//!
//! Ensures that what two versions have is carried over unchanged, and that an upcast event says of the rest
//! that it is unknown. So down and up again loses what the older version cannot say, and up and down again
//! nothing. Each cast is between neighbours; a version further off is reached step by step.

use super::event::{Event, EventV1, EventV2, SchemaVersion};

/// The event as version 2 has it. What version 1 does not say is null, and not some usual value.
#[must_use]
pub fn upcast_v1(old: EventV1) -> EventV2 {
    EventV2 {
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

/// The event as version 3 has it, without a payload.
#[must_use]
pub fn upcast_v2(old: EventV2) -> Event {
    Event {
        event_id: old.event_id,
        kind: old.kind,
        content_id: old.content_id,
        version: old.version,
        idempotency_key: old.idempotency_key,
        attempt: old.attempt,
        occurred_at: old.occurred_at,
        source: old.source,
        reason: old.reason,
        environment: old.environment,
        locale: old.locale,
        destination: old.destination,
        generation: old.generation,
        payload: None,
        schema_version: SchemaVersion,
    }
}

/// The event for a reader that wants version 2. Each event has such a form: none is held back for it.
#[must_use]
pub fn downcast_v2(event: Event) -> EventV2 {
    EventV2 {
        event_id: event.event_id,
        kind: event.kind,
        content_id: event.content_id,
        version: event.version,
        idempotency_key: event.idempotency_key,
        attempt: event.attempt,
        occurred_at: event.occurred_at,
        source: event.source,
        reason: event.reason,
        environment: event.environment,
        locale: event.locale,
        destination: event.destination,
        generation: event.generation,
        schema_version: SchemaVersion,
    }
}

/// The event for a reader that wants version 1. Each event has such a form: none is held back for it.
#[must_use]
pub fn downcast_v1(event: EventV2) -> EventV1 {
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
