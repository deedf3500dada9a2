//! Webhooks that send events of the contract instead of the message of Standard Webhooks.

use boon::{Compiler, Schemas};
use bytes::Bytes;
use serde_json::{Value, json};
use slugline_connectors::fake::{Fake, Undocumented};
use slugline_core::connector::{Connector, Work};
use slugline_core::contract::{ONE, VERSIONS, read, schemas};
use slugline_core::http::{Request, Response};
use slugline_core::item::Action;
use slugline_core::payload::Payload;
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;
use standardwebhooks::Webhook;

use super::{NEW, Receiver, deliver_as, header};
use crate::contract::{Spoil, Vendor, contract_tests};
use crate::port::NOW;
use crate::samples::{build, connector, post};

const EVENTS: &str = "format = \"cloudevents\"";

/// A receiver of events, which reads each as the contract has it.
struct Reader(Receiver);

impl Fake for Reader {
    fn handle(&mut self, request: &Request, at: Timestamp) -> Result<Response, Undocumented> {
        let answer = self.0.handle(request, at)?;
        if answer.status == 204 {
            read(&request.body).expect("an event of the contract");
        }
        Ok(answer)
    }
}

impl AsMut<dyn Fake> for Reader {
    fn as_mut(&mut self) -> &mut (dyn Fake + 'static) {
        self
    }
}

impl Vendor for Reader {
    fn connector() -> Box<dyn Connector> {
        let toml = "url = \"http://h/\"\nsecrets = [\"env:a\"]\nheaders = { X-Token = \"env:t\" }";
        connector("webhook", &format!("{toml}\n{EVENTS}"))
    }

    fn locked_out() -> Option<Box<dyn Connector>> {
        Receiver::locked_out()
    }

    fn refuses() -> Vec<(&'static str, Spoil)> {
        Receiver::refuses()
    }

    fn new() -> Self {
        Self(Receiver::new())
    }

    fn received(&self) -> &[(String, Bytes)] {
        self.0.received()
    }
}

contract_tests!(Reader);

/// The event that is sent for it in this version.
fn sent(work: &Work, version: u32) -> (Request, Value) {
    let (outcome, request) = deliver_as(work, Ok(204), &in_version(version));
    outcome.unwrap();
    let event = serde_json::from_slice(&request.body).unwrap();
    (request, event)
}

fn in_version(version: u32) -> String {
    format!("{EVENTS}\nschema_version = {version}")
}

fn works() -> Vec<Work> {
    let action = |action| Work {
        action,
        ..post("hello")
    };
    let never_seen = Work {
        payload: Payload::default(),
        media: vec![],
        ..action(Action::Delete)
    };
    vec![
        action(Action::Publish),
        action(Action::Unpublish),
        action(Action::Delete),
        never_seen,
    ]
}

#[track_caller]
fn judge(version: u32, event: &Value) {
    let (mut compiler, mut found) = (Compiler::new(), Schemas::new());
    compiler.enable_format_assertions();
    let text = schemas::find(&schemas::name(version)).unwrap();
    let schema = serde_json::from_str(text).unwrap();
    let place = "http://localhost/schema.json";
    compiler.add_resource(place, schema).unwrap();
    let index = compiler.compile(place, &mut found).unwrap();
    if let Err(why) = found.validate(event, index) {
        panic!("{why}: {event}");
    }
}

#[test]
fn each_version_fits_its_schema() {
    for version in VERSIONS {
        for work in works() {
            let (request, event) = sent(&work, version);
            judge(version, &event);
            assert_eq!(read(&request.body).unwrap().schema_version, version);
            assert_eq!(header(&request, "content-type"), ONE);
        }
    }
}

#[test]
fn the_newest_version_says_all_and_brings_the_content_along() {
    let (_, request) = deliver_as(&post("hello"), Ok(204), EVENTS);
    let event: Value = serde_json::from_slice(&request.body).unwrap();
    let mut data = event["data"].clone();
    let payload = data["payload"].take();
    assert_eq!(payload["title"], "Hello: \"world\"");
    assert_eq!(payload["slug"], "hello");
    let sha256 = &post("hello").media[0].sha256;
    assert_eq!(&payload["media"][0]["sha256"], sha256);
    let expected = json!({
        "event_id": event["id"], "type": "publish_request", "content_id": "post-42", "version": 7,
        "idempotency_key": "r-1", "attempt": null, "occurred_at": "2026-11-21T09:30:00.25Z", "source": "engine",
        "reason": null, "environment": "production", "locale": "en", "destination": "site", "generation": 3,
        "payload": null, "schema_version": 3
    });
    assert_eq!(data, expected);
    assert_eq!(event["source"], "/slugline/i1/destinations/site");
    assert_eq!(event["dataschema"], "urn:slugline:schema:event:v3");
}

#[test]
fn who_asks_for_version_1_is_sent_version_1_and_nothing_that_is_newer() {
    let (_, event) = sent(&post("hello"), 1);
    let expected = json!({
        "event_id": event["id"], "type": "publish_request", "content_id": "post-42", "version": 7,
        "idempotency_key": "r-1", "attempt": null, "occurred_at": "2026-11-21T09:30:00.25Z", "source": "engine",
        "schema_version": 1
    });
    assert_eq!(event["data"], expected);
    assert_eq!(event["dataschema"], "urn:slugline:schema:event:v1");
}

#[test]
fn the_type_follows_the_action() {
    let types: Vec<Value> = works()
        .iter()
        .map(|work| sent(work, 3).1["type"].take())
        .collect();
    let expected = ["publish", "unpublish", "delete", "delete"];
    assert_eq!(
        types,
        expected.map(|action| format!("slugline.{action}_request"))
    );
    let (_, never_seen) = sent(&works()[3], 3);
    assert_eq!(never_seen["data"]["payload"], Value::Null);
}

#[test]
fn an_event_keeps_its_id_and_its_bytes_over_attempts_and_versions() {
    let (first, _) = sent(&post("hello"), 3);
    let again = Work {
        was_shown: true,
        ..post("hello")
    };
    let (second, _) = sent(&again, 3);
    assert_eq!(first.body, second.body);
    let id = |work: &Work, version| sent(work, version).1["id"].clone();
    assert_eq!(id(&post("hello"), 1), id(&post("hello"), 3));
    let next = Work {
        generation: Generation(4),
        delivery_id: "msg_next".into(),
        ..post("hello")
    };
    assert_ne!(id(&post("hello"), 3), id(&next, 3));
}

#[test]
fn an_event_is_signed_like_a_message() {
    let (request, _) = sent(&post("hello"), 3);
    assert_eq!(header(&request, "webhook-id"), "msg_stable");
    let signature = Webhook::new(NEW)
        .unwrap()
        .sign("msg_stable", NOW.unix_seconds(), &request.body)
        .unwrap();
    assert!(header(&request, "webhook-signature").contains(&signature));
}

#[test]
fn a_version_without_the_format_or_that_there_is_not_is_refused() {
    let refused = |keys: &str| {
        let toml = format!("url = \"http://h/\"\nsecrets = [\"env:a\"]\n{keys}");
        let why = build("webhook", &toml).err().expect("refused");
        (why.message, toml[why.span].to_owned())
    };
    let (why, place) = refused("schema_version = 1");
    assert!(why.contains("format = \"cloudevents\""), "{why}");
    assert_eq!(place, "1");
    let (why, place) = refused(&in_version(4));
    assert!(why.contains("[1, 2, 3]"), "{why}");
    assert_eq!(place, "4");
    assert!(refused("format = \"yaml\"").0.contains("cloudevents"));
}
