//! Webhooks over HTTP: who may bring one, what is answered, what can be seen of it.

use axum::body::Body;
use axum::http::Request;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use slugline_web::Peer;

use crate::house::{House, MAX_BODY, Plan, SECRET, Seen, request};
use slugline_web::Limits;

fn hook(source: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(format!("/hooks/{source}"))
        .header("authorization", format!("Bearer {SECRET}"));
    request.body(body.into()).unwrap()
}

/// A change as Strapi tells it; `at` orders them.
fn told(event: &str, document: &str, at: &str) -> Value {
    json!({
        "event": event, "createdAt": at, "model": "article", "uid": "api::article.article",
        "entry": {"id": 1, "documentId": document, "title": format!("Title {at}"), "locale": "de", "publishedAt": at}
    })
}

async fn send(house: &House, body: Value) -> Seen {
    house.send(hook("cms", body.to_string())).await
}

#[tokio::test]
async fn a_medium_is_noted_and_the_log_says_so_in_either_form() {
    let house = House::open().await;
    let medium = json!({"event": "media.create", "createdAt": TEN, "media": {"documentId": "m", "name": "hero.png"}});
    let seen = send(&house, medium).await.ok(200);
    assert_eq!(
        (&seen["status"], &seen["state"]),
        (&json!("noted"), &json!("done"))
    );
    let log = house.get("/v1/events?type=asset_changed").await.ok(200);
    let entry = &log["items"][0];
    assert_eq!(
        (&entry["actor"], &entry["content_id"]),
        (&json!("source:cms"), &json!("cms:m"))
    );
    assert_eq!(entry["detail"]["entry"], "m");
    let request = request("GET", "/v1/events?type=asset_changed", "viewer")
        .header("accept", "application/cloudevents-batch+json");
    let batch = house
        .send(request.body(Body::empty()).unwrap())
        .await
        .ok(200);
    assert_eq!(batch[0]["type"], "slugline.asset_changed");
    assert_eq!(batch[0]["subject"], "cms:m");
}

#[tokio::test]
async fn a_draft_is_ready_in_either_form_and_on_the_timeline() {
    let house = House::open().await;
    let mut draft = told("entry.update", "a", TEN);
    draft["entry"]["publishedAt"] = Value::Null;
    let seen = send(&house, draft).await.ok(200);
    assert_eq!(seen["status"], "noted");
    let log = house.get("/v1/events?content_id=cms:a").await.ok(200);
    let entry = &log["items"][0];
    assert_eq!(
        (&entry["type"], &entry["actor"]),
        (&json!("draft_ready"), &json!("source:cms"))
    );
    let request = request("GET", "/v1/events?type=draft_ready", "viewer")
        .header("accept", "application/cloudevents-batch+json");
    let batch = house.send(request.body(Body::empty()).unwrap());
    let event = &batch.await.ok(200)[0];
    assert_eq!(event["type"], "slugline.draft_ready");
    let data = &event["data"];
    assert_eq!(
        (&data["content_id"], &data["locale"], &data["version"]),
        (
            &json!("cms:a"),
            &json!("de"),
            &json!("2026-11-21T09:10:00Z")
        )
    );
    assert_eq!(data["idempotency_key"], entry["request_id"]);
    assert_eq!(data["generation"], Value::Null);
}

const TEN: &str = "2026-11-21T09:10:00.000Z";
const TWENTY: &str = "2026-11-21T09:20:00.000Z";

#[tokio::test]
async fn a_webhook_is_taken_once_and_its_answer_tells() {
    let house = House::open().await;
    let first = send(&house, told("entry.publish", "a", TWENTY))
        .await
        .ok(202);
    assert_eq!(
        (&first["status"], &first["state"]),
        (&json!("ok"), &json!("done"))
    );
    let change = &first["changes"][0];
    assert_eq!(
        (&change["content_id"], &change["locale"]),
        (&json!("cms:a"), &json!("de"))
    );
    let publish = change["publish_id"].as_str().unwrap();
    let shown = house.get(&format!("/v1/publishes/{publish}")).await.ok(200);
    assert_eq!(shown["content_id"], "cms:a");

    let again = send(&house, told("entry.publish", "a", TWENTY))
        .await
        .ok(200);
    assert_eq!(
        (&again["status"], &again["webhook_id"]),
        (&json!("duplicate"), &first["webhook_id"])
    );
    let late = send(&house, told("entry.publish", "a", TEN)).await.ok(200);
    assert_eq!(late["status"], "stale_update_ignored");
    let other = send(&house, told("release.publish", "a", TEN))
        .await
        .ok(200);
    assert_eq!(other["status"], "ignored");
    let odd = house.send(hook("cms", "{")).await.ok(200);
    assert_eq!(
        odd["status"], "failed",
        "it is kept, and its sender need not come again"
    );

    let path = format!("/v1/webhooks/{}", first["webhook_id"].as_str().unwrap());
    let whole = house.get(&path).await.ok(200);
    assert_eq!(
        whole["body"],
        told("entry.publish", "a", TWENTY).to_string()
    );
    assert_eq!(whole["headers"]["authorization"], json!(["[env:CMS]"]));
    house.get_as("other", &path).await.problem(404, "not_found");
    let failed = house.get("/v1/webhooks?state=failed").await.ok(200);
    assert_eq!(failed["items"].as_array().unwrap().len(), 1);
    let all = house.get("/v1/webhooks?source=cms&limit=2").await.ok(200);
    assert_eq!(
        (
            all["items"].as_array().unwrap().len(),
            all["next_cursor"].is_string()
        ),
        (2, true)
    );

    let retry = |token| {
        request("POST", &format!("{path}/retry"), token)
            .body(Body::empty())
            .unwrap()
    };
    house.send(retry("editor")).await.problem(403, "forbidden");
    assert_eq!(house.send(retry("operator")).await.status, 202);
    let waits = house.get("/v1/webhooks?state=received").await.ok(200);
    assert_eq!(waits["items"][0]["webhook_id"], first["webhook_id"]);
}

#[tokio::test]
async fn what_is_not_genuine_is_refused_and_counted() {
    let house = House::open().await;
    let body = told("entry.publish", "a", TEN).to_string();
    let mut forged = hook("cms", body.clone());
    forged
        .headers_mut()
        .insert("authorization", "Bearer guess".parse().unwrap());
    let problem = house.send(forged).await.problem(401, "not_genuine");
    assert_eq!(problem["part"], "signature");
    assert!(!problem.to_string().contains("guess"), "{problem}");
    house
        .send(hook("nobody", body.clone()))
        .await
        .problem(404, "not_found");
    let from = |peer: &str, forwarded: Option<&str>| {
        let mut request = hook("fenced", body.clone());
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        if let Some(forwarded) = forwarded {
            request
                .headers_mut()
                .insert("x-forwarded-for", forwarded.parse().unwrap());
        }
        request
    };
    for request in [
        from("198.51.100.1:1", None),
        from("198.51.100.1:1", Some("203.0.113.5")),
        from("10.0.0.1:1", Some("198.51.100.1")),
        from("10.0.0.1:1", Some("203.0.113.5, 198.51.100.1")),
    ] {
        house
            .send(request)
            .await
            .problem(403, "address_not_allowed");
    }
    house.send(from("203.0.113.5:1", None)).await.ok(202);
    let again = from("10.0.0.1:1", Some("198.51.100.1, 203.0.113.5"));
    house.send(again).await.ok(200);
    let sources = house.get("/v1/sources").await.ok(200);
    let counts = |name: &str, what: &str| {
        let all = sources["items"].as_array().unwrap();
        all.iter().find(|source| source["name"] == name).unwrap()[what].clone()
    };
    assert_eq!(
        (counts("cms", "refused"), counts("cms", "received")),
        (json!(1), json!(0))
    );
    assert_eq!(
        (counts("fenced", "refused"), counts("fenced", "received")),
        (json!(4), json!(1))
    );
    assert_eq!(
        house.get_as("other", "/v1/sources").await.ok(200)["items"],
        json!([])
    );
    assert_eq!(
        house.get("/v1/webhooks").await.ok(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_webhook_has_its_limits_and_a_fault_of_ours_is_no_refusal() {
    let house = House::open().await;
    let large = house.send(hook("cms", "x".repeat(MAX_BODY + 1))).await;
    let said = large.problem(413, "too_large");
    assert!(said["detail"].as_str().unwrap().contains("max_body"));
    let mut packed = hook("cms", "{}");
    packed
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    house
        .send(packed)
        .await
        .problem(415, "unsupported_media_type");
    // Its sender may not come again: whoever looks at the source sees what is missing, and why.
    let sources = house.get("/v1/sources").await.ok(200);
    let cms = sources["items"].as_array().unwrap().iter();
    let cms = cms.clone().find(|source| source["name"] == "cms").unwrap();
    assert_eq!(cms["refused"], 2);
    let codes = [0, 1].map(|last| cms["last_refused"][last]["code"].clone());
    assert_eq!(codes, ["unsupported_media_type", "too_large"]);
    house
        .ready
        .store(false, std::sync::atomic::Ordering::SeqCst);
    let later = house.send(hook("cms", "{}")).await;
    later.problem(503, "unavailable");
    assert_eq!(later.header("retry-after"), "5");
}

/// What publishers may send says nothing of what a CMS does.
#[tokio::test]
async fn a_webhook_may_be_larger_than_a_publish_request() {
    let limits = Limits {
        publish_bytes: 1_000,
        ..Limits::default()
    };
    let house = House::build(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let mut large = told("entry.publish", "a", TEN);
    large["entry"]["body"] = "x".repeat(2 * 1024 * 1024 + 1).into();
    let taken = send(&house, large).await.ok(202);
    assert_eq!(taken["changes"][0]["status"], "ok");
}

/// Sanity takes every 4xx but 429 for final, and a machine that is busy reads slowly.
#[tokio::test]
async fn a_body_that_comes_too_slowly_may_come_again() {
    let house = House::open().await;
    tokio::time::pause();
    let endless = Body::from_stream(futures_util::stream::pending::<
        Result<String, std::io::Error>,
    >());
    let slow = house.send(hook("cms", endless)).await;
    slow.problem(503, "unavailable");
    assert_eq!(slow.header("retry-after"), "5");
}

/// Between when an entry changed and when that came; nothing where the sender does not say.
#[tokio::test]
async fn how_late_a_source_tells_is_shown_and_measured() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _measured_here = metrics::set_default_local_recorder(&recorder);
    let house = House::open().await;
    let lags = async || {
        let sources = house.get("/v1/sources").await.ok(200);
        let cms = sources["items"].as_array().unwrap().iter();
        let cms = cms.clone().find(|source| source["name"] == "cms").unwrap();
        (
            cms["last_lag_seconds"].clone(),
            cms["longest_lag_seconds"].clone(),
        )
    };
    assert_eq!(lags().await, (json!(null), json!(null)));
    send(&house, told("entry.publish", "a", TWENTY))
        .await
        .ok(202);
    let (late, _) = lags().await;
    send(&house, told("entry.publish", "b", TEN)).await.ok(202);
    let (later, longest) = lags().await;
    let between = later.as_f64().unwrap() - late.as_f64().unwrap();
    assert!((between - 600.0).abs() < 0.001, "{late} {later}");
    assert_eq!(later, longest);
    // A repeat says how often the sender tries, and not how late it is.
    send(&house, told("entry.publish", "a", TWENTY))
        .await
        .ok(200);
    assert_eq!(lags().await.0, later);
    let seen = handle.render();
    assert!(
        seen.contains(r#"slugline_source_lag_seconds_count{source="cms"} 2"#),
        "{seen}"
    );
}

/// HubSpot signs the URL as it calls it, which is that of the proxy in front.
#[tokio::test]
async fn a_signed_url_is_the_one_that_the_world_knows() {
    let house = House::open().await;
    let body = r#"[{"eventId":1,"subscriptionType":"object.deletion","objectId":7,"occurredAt":1795255000000}]"#;
    let signed = |url: &str| {
        let signature = slugline_core::media::sha256(format!("{SECRET}POST{url}{body}").as_bytes());
        Request::post("/hooks/hub?a=%20b")
            .header("host", "10.1.2.3:8420")
            .header("x-hubspot-signature", signature)
            .header("x-hubspot-signature-version", "v2")
            .body(Body::from(body))
            .unwrap()
    };
    house
        .send(signed("http://10.1.2.3:8420/hooks/hub?a=%20b"))
        .await
        .problem(401, "not_genuine");
    let taken = house
        .send(signed("https://cms.example/slugline/hooks/hub?a=%20b"))
        .await
        .ok(202);
    assert_eq!(taken["changes"][0]["content_id"], "hub:object/7");
}
