//! Reading each version, and what is said of what is none.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::contract::samples::{SERVER, all, sample};
use crate::contract::{CloudEvent, Event, Kind, VERSIONS, Written, read, upcast_v1, upcast_v2};

fn written(kind: Kind) -> Value {
    json!(CloudEvent::of(sample(kind), SERVER))
}

#[track_caller]
fn refused(event: &Value) -> (String, String) {
    let why = read(event.to_string().as_bytes()).unwrap_err();
    (why.path, why.message)
}

/// What is left of an event that was written in this version.
fn left_of(event: Event, version: u32) -> Event {
    match Written::of(event, version, SERVER).unwrap() {
        Written::V1(old) => upcast_v2(upcast_v1(old.data)),
        Written::V2(old) => upcast_v2(old.data),
        Written::V3(same) => same.data,
    }
}

#[test]
fn what_is_written_is_read_in_each_version() {
    for event in all() {
        for version in VERSIONS {
            let text = json!(Written::of(event.clone(), version, SERVER)).to_string();
            let found = read(text.as_bytes()).unwrap();
            assert_eq!(found.schema_version, version);
            assert_eq!(found.event, left_of(event.clone(), version));
            assert_eq!(found.source, "https://cms.example/slugline/v1/events");
        }
    }
}

#[test]
fn a_version_from_the_future_is_called_one() {
    let mut event = written(Kind::Released);
    event["data"]["schema_version"] = json!(4);
    event["data"]["mood"] = json!("good");
    let (path, message) = refused(&event);
    assert_eq!(path, "data.schema_version");
    assert!(
        message.starts_with("version 4 is not known here; this program reads [1, 2, 3]"),
        "{message}"
    );
    event["data"]["schema_version"] = json!("3");
    assert_eq!(refused(&event).0, "data.schema_version");
}

#[test]
fn a_type_that_was_added_is_carried_along() {
    let mut event = written(Kind::Released);
    event["type"] = json!("slugline.sent_by_pigeon");
    event["data"]["type"] = json!("sent_by_pigeon");
    let found = read(event.to_string().as_bytes()).unwrap();
    assert_eq!(found.event.kind, Kind::Other("sent_by_pigeon".into()));
}

#[test]
fn what_came_on_the_way_is_passed_over() {
    let mut event = written(Kind::Released);
    event["traceparent"] = json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    read(event.to_string().as_bytes()).unwrap();
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    for (path, value) in [
        ("specversion", json!("0.3")),
        ("id", json!("evt_00000001")),
        ("id", json!(812)),
        ("source", json!("")),
        ("type", json!("released")),
        ("type", json!("slugline.publish_failed")),
        ("subject", json!("post-43")),
        ("time", json!("2026-11-21T09:30:03Z")),
        ("time", json!("yesterday")),
        ("datacontenttype", json!("text/plain")),
        ("data", json!([1])),
        ("data.type", json!("Released!")),
        ("data.attempt", json!(0)),
        ("data.version", json!(7.5)),
        ("data.content_id", json!(42)),
        ("data.occurred_at", json!("soon")),
        ("data.mood", json!("good")),
    ] {
        let mut event = written(Kind::Released);
        match path.strip_prefix("data.") {
            Some(name) => event["data"][name] = value.clone(),
            None => event[path] = value.clone(),
        }
        assert_eq!(refused(&event).0, path, "{value}");
    }
}

#[test]
fn what_is_missing_is_named_by_its_path() {
    let whole = written(Kind::Released);
    for name in whole["data"].as_object().unwrap().keys() {
        let mut event = whole.clone();
        event["data"].as_object_mut().unwrap().remove(name);
        assert_eq!(
            refused(&event),
            (format!("data.{name}"), "is missing".into())
        );
    }
    for name in whole.as_object().unwrap().keys() {
        let mut event = whole.clone();
        event.as_object_mut().unwrap().remove(name);
        assert_eq!(refused(&event).0, *name);
    }
}

#[test]
fn what_is_no_event_at_all_is_said_to_be_none() {
    for body in ["", "null", "7", "\"evt\"", "{", "[]"] {
        assert_eq!(
            read(body.as_bytes()).unwrap_err().path,
            "(body)",
            "{body:?}"
        );
    }
    let batch = json!([written(Kind::Released)]);
    assert!(refused(&batch).1.contains("batch"));
    assert_eq!(refused(&json!({})).0, "specversion");
}

proptest! {
    /// What was damaged on its way is an event or a complaint, and an event that is read can be written.
    #[test]
    fn damage_is_survived(place in 0_usize..700, byte: u8) {
        let mut text = written(Kind::PublishFailed).to_string().into_bytes();
        let place = place % text.len();
        text[place] = byte;
        match read(&text) {
            Ok(found) => {
                let again = json!(CloudEvent::of(found.event.clone(), SERVER)).to_string();
                prop_assert_eq!(read(again.as_bytes()).unwrap().event, found.event);
            }
            Err(why) => prop_assert!(!why.path.is_empty() && !why.message.is_empty()),
        }
    }
}
