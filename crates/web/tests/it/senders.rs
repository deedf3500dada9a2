//! What senders of every type are answered while this server has troubles of its own.
//!
//! Some take an answer for more than it says: Ghost deletes a webhook that is answered 410, and senders of Standard Webhooks
//! disable the endpoint; Sanity and HubSpot never repeat what was answered with most of the 4xx.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha1::Sha1;
use sha2::Sha256;
use slugline_connectors::registry;
use slugline_core::pressure::Thresholds;
use slugline_engine::webhooks::SourceSettings;

use crate::house::{House, MAX_BODY, Plan, START, Seen, source};

/// As Contentful's are, which fits all others.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// The server as the world knows it.
const PUBLIC: &str = "https://cms.example/slugline";

/// One of each type, called so.
fn every_kind() -> Vec<SourceSettings> {
    registry::source_types()
        .map(|kind| source(kind, kind, "", SECRET))
        .collect()
}

/// Sources whose secret cannot be one of their type.
fn without_a_usable_secret() -> Vec<SourceSettings> {
    registry::source_types()
        .map(|kind| source(kind, kind, "", ""))
        .collect()
}

/// What each type of source sends; a body that means something to it.
const BODIES: [(&str, &str); 12] = [
    (
        "contentful",
        r#"{"sys":{"type":"Entry","id":"e","revision":1},"fields":{"title":{"en":"T"}}}"#,
    ),
    (
        "directus",
        r#"{"event":"items.create","collection":"posts","key":"1","payload":{"title":"T"}}"#,
    ),
    (
        "drupal",
        r#"{"event":"create","entity":{"uuid":"u","type":"article","title":"T"}}"#,
    ),
    (
        "ghost",
        r#"{"post":{"current":{"id":"1","status":"published","title":"T","updated_at":"2026-11-21T09:00:00.000Z"},"previous":{}}}"#,
    ),
    (
        "hmac",
        r#"{"type":"published","id":1,"title":"T","version":1}"#,
    ),
    (
        "hubspot",
        r#"[{"objectId":1,"occurredAt":1795255000000,"subscriptionType":"contact.deletion"}]"#,
    ),
    (
        "sanity",
        r#"{"_id":"p","_type":"post","_updatedAt":"2026-11-21T09:00:00Z","operation":"update","title":"T"}"#,
    ),
    (
        "standard_webhooks",
        r#"{"type":"post.published","timestamp":"2026-11-21T09:00:00Z","data":{"id":1,"title":"T"}}"#,
    ),
    (
        "storyblok",
        r#"{"action":"deleted","story_id":1,"space_id":1}"#,
    ),
    (
        "strapi",
        r#"{"event":"entry.publish","createdAt":"2026-11-21T09:00:00Z","model":"post","entry":{"documentId":"d","title":"T","publishedAt":"2026-11-21T09:00:00Z"}}"#,
    ),
    (
        "webflow",
        r#"{"triggerType":"collection_item_published","payload":{"id":"i","lastUpdated":"2026-11-21T09:00:00Z","fieldData":{"name":"T"}}}"#,
    ),
    (
        "wordpress",
        r#"{"type":"post.published","timestamp":"2026-11-21T09:00:00Z","data":{"id":1,"title":"T","version":1}}"#,
    ),
];

fn mac<M: Mac + KeyInit>(key: &[u8], message: &str) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(key).unwrap();
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The headers that prove it, as each vendor makes them.
fn proof(kind: &str, body: &str) -> Vec<(&'static str, String)> {
    let key = SECRET.as_bytes();
    let sha256 = |message: &str| mac::<Hmac<Sha256>>(key, message);
    let in_hex = |message: &str| hex(&sha256(message));
    let seconds = START.0 / 1_000_000;
    let millis = START.0 / 1_000;
    match kind {
        "contentful" => {
            let names = "x-contentful-signed-headers,x-contentful-timestamp";
            let signed = format!(
                "POST\n/slugline/hooks/{kind}\nx-contentful-signed-headers:{names};x-contentful-timestamp:{millis}\n{body}"
            );
            vec![
                ("x-contentful-signed-headers", names.to_owned()),
                ("x-contentful-timestamp", millis.to_string()),
                ("x-contentful-signature", in_hex(&signed)),
                (
                    "x-contentful-topic",
                    "ContentManagement.Entry.publish".to_owned(),
                ),
            ]
        }
        "directus" | "strapi" => vec![("authorization", format!("Bearer {SECRET}"))],
        "drupal" => vec![("x-hub-signature", format!("sha256={}", in_hex(body)))],
        "ghost" => {
            let signature = in_hex(&format!("{body}{millis}"));
            vec![(
                "x-ghost-signature",
                format!("sha256={signature}, t={millis}"),
            )]
        }
        "hmac" => vec![("x-hub-signature-256", format!("sha256={}", in_hex(body)))],
        "hubspot" => {
            let signature = sha256(&format!("POST{PUBLIC}/hooks/{kind}{body}{millis}"));
            vec![
                ("x-hubspot-request-timestamp", millis.to_string()),
                ("x-hubspot-signature-v3", BASE64_STANDARD.encode(signature)),
            ]
        }
        "sanity" => {
            let signature = sha256(&format!("{millis}.{body}"));
            let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
            vec![(
                "sanity-webhook-signature",
                format!("t={millis},v1={signature}"),
            )]
        }
        "standard_webhooks" | "wordpress" => {
            // Its secrets are base64.
            let key = BASE64_STANDARD.decode(SECRET).unwrap();
            let signature = mac::<Hmac<Sha256>>(&key, &format!("msg_1.{seconds}.{body}"));
            let signature = BASE64_STANDARD.encode(signature);
            vec![
                ("webhook-id", "msg_1".to_owned()),
                ("webhook-timestamp", seconds.to_string()),
                ("webhook-signature", format!("v1,{signature}")),
            ]
        }
        "storyblok" => vec![("webhook-signature", hex(&mac::<Hmac<Sha1>>(key, body)))],
        "webflow" => vec![
            ("x-webflow-timestamp", millis.to_string()),
            ("x-webflow-signature", in_hex(&format!("{millis}:{body}"))),
        ],
        other => panic!("who sends like {other}? add a body and a proof for it"),
    }
}

fn body_of(kind: &str) -> &'static str {
    let known = BODIES.iter().find(|(name, _)| *name == kind);
    known.unwrap_or_else(|| panic!("no body for {kind}")).1
}

fn genuine(kind: &str) -> Request<Body> {
    with(kind, body_of(kind), Body::from(body_of(kind)))
}

/// Proved for one body, with another perhaps.
fn with(kind: &str, proved: &str, body: Body) -> Request<Body> {
    let mut request = Request::post(format!("/hooks/{kind}"));
    for (name, value) in proof(kind, proved) {
        request = request.header(name, value);
    }
    request.body(body).unwrap()
}

async fn house(thresholds: Thresholds, sources: fn() -> Vec<SourceSettings>) -> House {
    House::build(Plan {
        thresholds,
        sources,
        ..Plan::default()
    })
    .await
}

/// Nothing of it is the sender's fault, and it may come again.
fn is_ours(kind: &str, fault: &str, seen: &Seen) {
    let about = format!("{kind}, {fault}: {} {}", seen.status, seen.text());
    assert!(seen.status.is_server_error(), "{about}");
    let after = seen.header("retry-after").parse::<u64>();
    assert!(after.is_ok_and(|seconds| seconds > 0), "{about}");
}

#[tokio::test]
async fn every_type_is_taken_when_all_is_well() {
    let house = house(Plan::default().thresholds, every_kind).await;
    for kind in registry::source_types() {
        let seen = house.send(genuine(kind)).await;
        assert!(seen.status.is_success(), "{kind}: {}", seen.text());
        assert_ne!(seen.json()["status"], "failed", "{kind}: {}", seen.text());
    }
}

#[tokio::test]
async fn no_fault_of_ours_reads_like_one_of_the_senders() {
    let usual = || Plan::default().thresholds;
    let full = Thresholds {
        min_free_bytes: u64::MAX,
        ..usual()
    };
    let lags = Thresholds {
        max_waiting: 0,
        ..usual()
    };
    let stopping = house(usual(), every_kind).await;
    stopping.ready.store(false, Ordering::SeqCst);
    let closed = house(usual(), every_kind).await;
    closed.store.close().await;
    let faults = [
        ("the disk is full", house(full, every_kind).await),
        ("the writer lags", house(lags, every_kind).await),
        ("it is stopping", stopping),
        ("the store is gone", closed),
        (
            "its secret cannot be used",
            house(usual(), without_a_usable_secret).await,
        ),
    ];
    for (fault, house) in &faults {
        for kind in registry::source_types() {
            is_ours(kind, fault, &house.send(genuine(kind)).await);
        }
    }
}

/// A queue that is full is no reason to turn a webhook away: it is kept and dealt with later.
#[tokio::test]
async fn a_full_queue_is_not_the_senders_business() {
    let full = Thresholds {
        max_open_jobs: 1,
        ..Plan::default().thresholds
    };
    let house = house(full, every_kind).await;
    let only = json!({"content_id": "only", "payload": {"title": "T"}});
    house.publish("only", only).await.ok(202);
    for kind in registry::source_types() {
        let seen = house.send(genuine(kind)).await;
        assert!(seen.status.is_success(), "{kind}: {}", seen.text());
    }
    let waits = house.get("/v1/webhooks?state=received").await.ok(200);
    assert!(!waits["items"].as_array().unwrap().is_empty(), "{waits}");
}

#[tokio::test]
async fn a_slow_line_may_try_again() {
    let house = house(Plan::default().thresholds, every_kind).await;
    tokio::time::pause();
    for kind in registry::source_types() {
        let endless = futures_util::stream::pending::<Result<String, std::io::Error>>();
        let slow = with(kind, body_of(kind), Body::from_stream(endless));
        is_ours(kind, "the line is slow", &house.send(slow).await);
    }
}

/// Also what is the sender's own fault.
#[tokio::test]
async fn nobody_is_told_that_the_endpoint_is_gone() {
    let house = house(Plan::default().thresholds, every_kind).await;
    for kind in registry::source_types() {
        let forged = with(kind, "{\"other\":1}", Body::from(body_of(kind)));
        let bare = Request::post(format!("/hooks/{kind}"))
            .body(Body::empty())
            .unwrap();
        let large = with(kind, body_of(kind), Body::from("x".repeat(MAX_BODY + 1)));
        let elsewhere = Request::post(format!("/hooks/{kind}/{SECRET}"))
            .body(Body::from(body_of(kind)))
            .unwrap();
        let unknown = Request::post(format!("/hooks/{kind}-of-old"))
            .body(Body::from(body_of(kind)))
            .unwrap();
        let mut packed = genuine(kind);
        let encoding = "gzip".parse().unwrap();
        packed.headers_mut().insert("content-encoding", encoding);
        let mut got = genuine(kind);
        *got.method_mut() = axum::http::Method::GET;
        for request in [forged, bare, large, elsewhere, unknown, packed, got] {
            let seen = house.send(request).await;
            assert_ne!(seen.status, 410, "{kind}: {}", seen.text());
        }
    }
}
