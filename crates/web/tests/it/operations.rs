//! Health, metrics, the home page, and what all answers have.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};

use crate::house::{House, Plan, request};

#[tokio::test]
async fn health_says_what_it_checked() {
    let house = House::open().await;
    assert_eq!(house.get("/livez").await.ok(200), json!({ "status": "ok" }));
    assert_eq!(
        house.get("/readyz").await.ok(200),
        json!({ "status": "ok" })
    );
    let verbose = house.get("/readyz?verbose").await.ok(200);
    assert_eq!(
        verbose["checks"],
        json!({ "accepting": "ok", "store": "ok" })
    );
}

#[tokio::test]
async fn a_closed_store_is_neither_ready_nor_a_false_success() {
    let house = House::open().await;
    house.store.close().await;
    let body = json!({ "content_id": "post", "payload": { "title": "T" } });
    assert!(house.publish("k", body).await.status.is_server_error());
    house.get("/readyz").await.problem(503, "unavailable");
    house.get("/livez").await.ok(200);
}

#[tokio::test]
async fn metrics_count_by_route_and_outcome() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _counted_here = metrics::set_default_local_recorder(&recorder);
    let house = House::build(Plan {
        metrics: Arc::new(move || handle.render()),
        ..Plan::default()
    })
    .await;
    let body = json!({ "content_id": "post", "payload": { "title": "T" } });
    house.publish("k", body.clone()).await.ok(202);
    house.publish("k", body).await.ok(200);
    house.publish_raw("{").await.problem(400, "invalid_json");
    for path in [
        "/nothing/here",
        "/nothing/there",
        "/v1/publishes/k",
        "/v1/publishes/other",
    ] {
        house.get(path).await;
    }

    let seen = house
        .send(Request::get("/metrics").body(Body::empty()).unwrap())
        .await;
    assert!(
        seen.header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    for line in [
        r#"slugline_intake_total{outcome="accepted"} 1"#,
        r#"slugline_intake_total{outcome="replayed"} 1"#,
        r#"slugline_intake_total{outcome="invalid_json"} 1"#,
        r#"slugline_http_requests_total{route="/v1/publishes/{id}",method="GET",status="404"} 1"#,
        r#"slugline_http_requests_total{route="unmatched",method="GET",status="404"} 2"#,
        r#"slugline_queue_depth{destination="blog",class="standard",state="queued"} 1"#,
        "slugline_open_jobs 1",
    ] {
        assert!(
            seen.text().lines().any(|have| have == line),
            "{line} is not in\n{}",
            seen.text()
        );
    }
    assert!(
        seen.text()
            .contains("slugline_http_request_duration_seconds")
    );
    assert!(
        !seen.text().contains("nothing"),
        "a path from outside is no label"
    );
}

#[tokio::test]
async fn everything_that_is_refused_is_a_problem_document() {
    let house = House::open().await;
    house.get("/nothing").await.problem(404, "not_found");
    house.get("/v1/").await.problem(404, "not_found");
    house.get("/v1/content/").await.problem(404, "not_found");
    let seen = house
        .send(
            request("PUT", "/v1/publish", "editor")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    seen.problem(405, "method_not_allowed");
    assert_eq!(seen.header("allow"), "POST");
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let house = House::open().await;
    let seen = house
        .send(
            request("HEAD", "/v1/publishes", "viewer")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!((seen.status.as_u16(), seen.text()), (200, ""));
}

#[tokio::test]
async fn a_panic_is_a_problem_document_too() {
    let house = House::build(Plan {
        destinations: || panic!("a bug"),
        ..Plan::default()
    })
    .await;
    house.get("/v1/destinations").await.problem(500, "internal");
    house.get("/v1/publishes").await.ok(200);
}

#[tokio::test]
async fn every_answer_is_secured_and_named() {
    let house = House::open().await;
    for path in ["/", "/livez", "/v1/publishes", "/nothing"] {
        let seen = house.get(path).await;
        assert_eq!(
            (
                seen.header("x-content-type-options"),
                seen.header("cache-control")
            ),
            ("nosniff", "no-store")
        );
        assert!(
            seen.header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        assert_ne!(seen.header("x-request-id"), "");
    }
    let asked = request("GET", "/livez", "viewer").header("x-request-id", "trace-1");
    assert_eq!(
        house
            .send(asked.body(Body::empty()).unwrap())
            .await
            .header("x-request-id"),
        "trace-1"
    );
}

#[tokio::test]
async fn the_way_in_and_the_document_need_no_token() {
    let house = House::open().await;
    let open = async |path: &str| {
        house
            .send(Request::get(path).body(Body::empty()).unwrap())
            .await
    };
    let home = open("/sign-in").await;
    assert!(
        home.header("content-type").starts_with("text/html")
            && home.text().contains("Slugline 1.2.3")
    );
    assert_eq!(
        open("/openapi.json").await.ok(200)["openapi"],
        Value::from("3.1.0")
    );
}
