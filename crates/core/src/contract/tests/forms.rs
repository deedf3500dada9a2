//! From the log to an event, and from one version to the other.

use std::num::NonZeroU32;

use serde_json::json;

use crate::contract::samples::{AT, SERVER, all, entry, sample};
use crate::contract::{
    CloudEvent, Event, Kind, Origin, SchemaVersion, Written, downcast_v1, downcast_v2, from_log,
    upcast_v1, upcast_v2,
};
use crate::event::EventType;
use crate::ids::EventId;
use crate::version::{Generation, Version};

#[test]
fn an_entry_says_as_an_event_what_it_says_in_the_log() {
    let failed = entry(
        EventType::PublishFailed,
        &[
            ("version", json!(7)),
            ("generation", json!(3)),
            ("destination", json!("blog")),
            ("reason", json!("destination_error")),
            ("message", json!("answered 500")),
        ],
    );
    let expected = Event {
        attempt: None,
        payload: None,
        ..sample(Kind::PublishFailed)
    };
    assert_eq!(from_log(&failed), expected);

    let started = entry(EventType::DeliveryStarted, &[("attempt", json!(4))]);
    assert_eq!(from_log(&started).attempt, NonZeroU32::new(4));
    let timed = entry(EventType::PublishRequest, &[("version", json!(AT))]);
    assert_eq!(from_log(&timed).version, Some(Version::Time(AT)));
}

#[test]
fn what_an_entry_does_not_say_is_null() {
    let mut freed = entry(EventType::SlugReleased, &[("slug", json!("hello"))]);
    freed.request_id.clear();
    let event = from_log(&freed);
    let unsaid = (event.version, event.generation, event.idempotency_key);
    assert_eq!(unsaid, (None, None, None));
    let odd = entry(
        EventType::Released,
        &[
            ("version", json!({})),
            ("reason", json!(null)),
            ("attempt", json!(0)),
        ],
    );
    let event = from_log(&odd);
    assert_eq!(
        (event.version, event.reason, event.attempt),
        (None, None, None)
    );
}

#[test]
fn an_id_is_the_place_in_the_log() {
    let first = from_log(&entry(EventType::Released, &[]));
    assert_eq!(first, from_log(&entry(EventType::Released, &[])));
    assert_eq!(first.event_id, EventId(812));
    assert_eq!(first.event_id.to_string(), "evt_000000sc");
}

#[test]
fn up_and_down_again_loses_nothing() {
    for event in all() {
        let second = downcast_v2(event);
        assert_eq!(downcast_v2(upcast_v2(second.clone())), second);
        let first = downcast_v1(second);
        assert_eq!(downcast_v1(upcast_v1(first.clone())), first);
    }
}

#[test]
fn down_and_up_again_loses_what_the_older_version_cannot_say_and_guesses_nothing() {
    for event in all() {
        let without_payload = Event {
            payload: None,
            ..event.clone()
        };
        let second = downcast_v2(event);
        assert_eq!(upcast_v2(second.clone()), without_payload);
        let expected = Event {
            reason: None,
            environment: None,
            locale: None,
            destination: None,
            generation: None,
            ..without_payload
        };
        assert_eq!(upcast_v2(upcast_v1(downcast_v1(second))), expected);
    }
}

#[test]
fn what_a_destination_is_told_is_from_a_place_of_its_own() {
    let origin = Origin::Destination {
        installation: "i1",
        name: "hook",
    };
    for version in [1, 2, 3] {
        let written = json!(Written::of(sample(Kind::PublishRequest), version, origin));
        assert_eq!(written["source"], "/slugline/i1/destinations/hook");
        let schema = format!("urn:slugline:schema:event:v{version}");
        assert_eq!(written["dataschema"], schema);
        assert_eq!(written["data"]["schema_version"], version);
    }
}

#[test]
fn the_envelope_repeats_what_the_data_say() {
    let event = json!(CloudEvent::of(sample(Kind::PublishFailed), SERVER));
    let expected = json!({
        "specversion": "1.0",
        "id": "evt_000000sc",
        "source": "https://cms.example/slugline/v1/events",
        "type": "slugline.publish_failed",
        "subject": "post-42",
        "time": "2026-11-21T09:30:02.1Z",
        "datacontenttype": "application/json",
        "dataschema": "https://cms.example/slugline/schemas/event.v3.json",
        "data": {
            "event_id": "evt_000000sc", "type": "publish_failed", "content_id": "post-42", "version": 7,
            "idempotency_key": "r-1", "attempt": 2, "occurred_at": "2026-11-21T09:30:02.1Z", "source": "engine",
            "reason": "destination_error", "environment": "production", "locale": "en", "destination": "blog",
            "generation": 3, "payload": { "title": "Hello", "media": [] }, "schema_version": 3
        }
    });
    assert_eq!(event, expected);
}

#[test]
fn an_event_about_no_item_has_no_subject() {
    let event = Event {
        content_id: None,
        generation: Some(Generation(1)),
        schema_version: SchemaVersion,
        ..sample(Kind::TaxonomyChanged)
    };
    let written = json!(CloudEvent::of(event, SERVER));
    assert!(written.get("subject").is_none());
    assert_eq!(written["data"]["content_id"], json!(null));
}
