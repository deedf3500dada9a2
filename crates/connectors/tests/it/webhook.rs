//! Webhooks: what is sent, how it is signed, and what the receiver's answer means.

use bytes::Bytes;
use serde_json::{Value, json};
use slugline_connectors::fake::{Fake, Undocumented};
use slugline_core::connector::{Connector, Repeat, Verification, Work};
use slugline_core::failure::Failure;
use slugline_core::http::{Method, Request, Response, SendError};
use slugline_core::item::Action;
use slugline_core::payload::Payload;
use slugline_core::reason::{ErrorClass, Reason};
use slugline_core::time::Timestamp;
use standardwebhooks::Webhook;

use crate::contract::{Spoil, Vendor, contract_tests};
use crate::port::{Crash, MemoryPort, NOW, World, run};
use crate::samples::{connector, post};

/// A receiver that keeps what it is sent and refuses those without its token.
struct Receiver(Vec<(String, Bytes)>);

impl Fake for Receiver {
    fn handle(&mut self, request: &Request, _: Timestamp) -> Result<Response, Undocumented> {
        let answer = |status| Response {
            status,
            headers: vec![],
            body: "".into(),
        };
        let named = |name: &str| request.headers.iter().find(|(known, _)| known == name);
        if named("x-token").is_none() {
            return Ok(answer(401));
        }
        let id = named("webhook-id").map(|(_, id)| id.clone()).unwrap();
        self.0.push((id, request.body.clone()));
        Ok(answer(204))
    }
}

impl AsMut<dyn Fake> for Receiver {
    fn as_mut(&mut self) -> &mut (dyn Fake + 'static) {
        self
    }
}

impl Vendor for Receiver {
    fn connector() -> Box<dyn Connector> {
        connector(
            "webhook",
            "url = \"http://h/\"\nsecrets = [\"env:a\"]\nheaders = { X-Token = \"env:t\" }",
        )
    }

    fn locked_out() -> Option<Box<dyn Connector>> {
        let toml = "url = \"http://h/\"\nsecrets = [\"env:a\"]";
        Some(connector("webhook", toml))
    }

    fn refuses() -> Vec<(&'static str, Spoil)> {
        vec![("action", |work| work.action = Action::Draft)]
    }

    fn new() -> Self {
        Self(Vec::new())
    }

    fn received(&self) -> &[(String, Bytes)] {
        &self.0
    }
}

contract_tests!(Receiver);

mod events;

const NEW: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD: &str = "an old plain secret";

/// Delivers to a receiver that answers so; returns the outcome and what was sent.
fn deliver(
    work: &Work,
    answer: Result<u16, SendError>,
) -> (Result<Verification, Failure>, Request) {
    deliver_as(work, answer, "")
}

/// The same with more keys of configuration.
fn deliver_as(
    work: &Work,
    answer: Result<u16, SendError>,
    keys: &str,
) -> (Result<Verification, Failure>, Request) {
    let toml = format!(
        "url = \"http://127.0.0.1:9100/in\"\nsecrets = [\"env:{NEW}\", \"env:{OLD}\"]\nheaders = {{ X-Token = \"env:t0k3n\" }}\n{keys}"
    );
    let answer = answer.map(|status| Response {
        status,
        headers: vec![],
        body: "".into(),
    });
    let world = World {
        answers: [answer].into(),
        ..World::default()
    };
    let port = MemoryPort::new(world, Crash::Never);
    let outcome = run(connector("webhook", &toml).as_ref(), work, &port);
    (outcome, port.into_world().sent.remove(0))
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let values: Vec<&str> = request
        .headers
        .iter()
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(values.len(), 1, "{name}");
    values[0]
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn a_publish_is_one_signed_post() {
    let (outcome, request) = deliver(&post("hello"), Ok(204));
    let Ok(Verification::Matched(shown)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (
            shown.fingerprint.as_str(),
            shown.downstream_ids["webhook-id"].as_str()
        ),
        ("", "msg_stable")
    );
    assert_eq!(
        (request.method, request.url.as_str()),
        (Method::Post, "http://127.0.0.1:9100/in")
    );
    assert_eq!(request.redirects, 0);
    assert_eq!(header(&request, "x-token"), "t0k3n");
    assert!(header(&request, "user-agent").starts_with("Slugline/"));
    let data = &body(&request)["data"];
    assert_eq!(body(&request)["type"], "content.published");
    assert_eq!(body(&request)["timestamp"], "2026-11-21T09:30:00.25Z");
    assert_eq!(
        (
            &data["content_id"],
            &data["version"],
            &data["generation"],
            &data["request_id"]
        ),
        (&json!("post-42"), &json!(7), &json!(3), &json!("r-1"))
    );
    assert_eq!(
        (&data["environment"], &data["locale"]),
        (&json!("production"), &json!("en"))
    );
    assert_eq!(data["payload"]["slug"], "hello");
    assert_eq!(
        data["payload"]["media"][0]["sha256"],
        post("hello").media[0].sha256
    );
}

#[test]
fn both_active_secrets_sign_as_the_reference_library_does() {
    let (_, request) = deliver(&post("hello"), Ok(200));
    let at = NOW.unix_seconds();
    assert_eq!(header(&request, "webhook-timestamp"), at.to_string());
    let signed = |key: Webhook| {
        key.sign(header(&request, "webhook-id"), at, &request.body)
            .unwrap()
    };
    let expected = [
        signed(Webhook::new(NEW).unwrap()),
        signed(Webhook::from_bytes(OLD.into()).unwrap()),
    ];
    assert_eq!(header(&request, "webhook-signature"), expected.join(" "));
}

#[test]
fn removals_have_types_of_their_own_and_say_what_was_there() {
    let work = Work {
        action: Action::Unpublish,
        ..post("hello")
    };
    let (_, request) = deliver(&work, Ok(200));
    assert_eq!(body(&request)["type"], "content.unpublished");
    assert_eq!(body(&request)["data"]["payload"]["slug"], "hello");
    let never_seen = Work {
        action: Action::Delete,
        payload: Payload::default(),
        media: vec![],
        ..post("")
    };
    let (_, request) = deliver(&never_seen, Ok(200));
    assert_eq!(body(&request)["type"], "content.deleted");
    assert_eq!(body(&request)["data"]["payload"], Value::Null);
}

#[test]
fn an_answer_that_is_not_a_2xx_is_a_failure() {
    for (status, reason) in [
        (302, Reason::Redirected),
        (410, Reason::EndpointGone),
        (504, Reason::Throttled),
    ] {
        let (outcome, _) = deliver(&post("hello"), Ok(status));
        assert_eq!(outcome.unwrap_err().reason, reason);
    }
}

#[test]
fn a_lost_answer_is_repeated_under_the_same_id_and_body() {
    let lost = Err(SendError::NoAnswer("reset".into()));
    let (outcome, first) = deliver(&post("hello"), lost);
    assert_eq!(outcome.unwrap_err().class(), ErrorClass::Unknown);
    let (_, second) = deliver(&post("hello"), Ok(200));
    assert_eq!(header(&first, "webhook-id"), header(&second, "webhook-id"));
    assert_eq!(first.body, second.body);
    let hook = connector("webhook", "url = \"http://h/\"\nsecrets = [\"env:a\"]");
    assert!(matches!(hook.capabilities().repeat, Repeat::Dedupes(_)));
}

#[test]
fn drafts_are_refused_before_anything_is_sent() {
    let hook = connector("webhook", "url = \"http://h/\"\nsecrets = [\"env:a\"]");
    let draft = Work {
        action: Action::Draft,
        ..post("hello")
    };
    assert_eq!(
        hook.check(&draft).unwrap_err().reason,
        Reason::UnsupportedContent
    );
}
