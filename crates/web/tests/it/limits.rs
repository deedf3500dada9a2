//! Limits: rate, room, and the server's own readiness.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use slugline_web::Limits;

use crate::house::{House, Plan};

#[tokio::test]
async fn a_token_over_its_rate_waits_and_others_do_not() {
    let limits = Limits {
        rate: Some((2, Duration::from_secs(60))),
        ..Limits::default()
    };
    let house = House::build(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let first = house.get("/v1/publishes").await;
    first.ok(200);
    assert_eq!(
        (first.header("ratelimit-policy"), first.header("ratelimit")),
        ("\"token\";q=2;w=60", "\"token\";r=1")
    );
    house.get("/v1/publishes").await.ok(200);

    let third = house.get("/v1/publishes").await;
    third.problem(429, "rate_limited");
    assert_eq!(
        (third.header("retry-after"), third.header("ratelimit")),
        ("30", "\"token\";r=0;t=30")
    );
    house.get_as("admin", "/v1/publishes").await.ok(200);
    house.clock.advance(Duration::from_secs(30));
    house.get("/v1/publishes").await.ok(200);
}

#[tokio::test]
async fn without_a_rate_there_are_no_headers_for_it() {
    let house = House::open().await;
    assert_eq!(
        house.get("/v1/publishes").await.header("ratelimit-policy"),
        ""
    );
}

#[tokio::test]
async fn a_full_house_says_so_and_its_probes_still_answer() {
    let limits = Limits {
        in_flight: 0,
        ..Limits::default()
    };
    let house = House::build(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let seen = house.get("/v1/publishes").await;
    seen.problem(503, "unavailable");
    assert_eq!(seen.header("retry-after"), "1");
    house.get("/livez").await.ok(200);
    house.get("/readyz").await.ok(200);
}

#[tokio::test]
async fn while_it_stops_it_reads_but_accepts_nothing() {
    let house = House::open().await;
    house.ready.store(false, Ordering::Release);
    house.get("/readyz").await.problem(503, "unavailable");
    house.get("/healthz").await.problem(503, "unavailable");
    house.get("/livez").await.ok(200);
    let body = json!({ "content_id": "post", "payload": { "title": "T" } });
    house
        .publish("k", body.clone())
        .await
        .problem(503, "unavailable");
    house.get("/v1/publishes").await.ok(200);
    assert_eq!(house.entries().await, 0);

    house.ready.store(true, Ordering::Release);
    house.publish("k", body).await.ok(202);
}
