//! Tokens: made once, shown once, revoked at once.

use std::time::Duration;

use axum::body::Body;
use serde_json::{Value, json};
use slugline_engine::store::TokenRecord;

use crate::house::{House, START, Seen, request};

async fn make(house: &House, by: &str, body: Value) -> Seen {
    house
        .send(
            request("POST", "/v1/tokens", by)
                .body(Body::from(body.to_string()))
                .unwrap(),
        )
        .await
}

async fn revoke(house: &House, name: &str) -> Seen {
    house
        .send(
            request("DELETE", &format!("/v1/tokens/{name}"), "admin")
                .body(Body::empty())
                .unwrap(),
        )
        .await
}

#[tokio::test]
async fn a_token_opens_until_it_is_revoked() {
    let house = House::open().await;
    let made = make(&house, "admin", json!({ "name": "ci", "role": "editor" }))
        .await
        .ok(201);
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("slt_") && token.len() == 68);
    house.get_as(token, "/v1/publishes").await.ok(200);

    let list = house.get_as("admin", "/v1/tokens").await;
    let names: Vec<Value> = list.ok(200)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].clone())
        .collect();
    assert!(
        names.contains(&json!("ci"))
            && names.contains(&json!("admin"))
            && !names.contains(&json!("other"))
    );
    let stored = house.store.tokens().await.unwrap();
    for secret in [
        token,
        stored[0].hash.as_str(),
        &slugline_web::token_hash("admin"),
    ] {
        assert!(!list.text().contains(secret));
    }
    assert_ne!(stored[0].hash, token);

    assert_eq!(revoke(&house, "ci").await.status, 204);
    house
        .get_as(token, "/v1/publishes")
        .await
        .problem(401, "unauthorized");
    revoke(&house, "ci").await.problem(404, "not_found");
}

#[tokio::test]
async fn names_are_unique_and_requests_are_checked() {
    let house = House::open().await;
    make(&house, "admin", json!({ "name": "ci", "role": "viewer" }))
        .await
        .ok(201);
    for (body, path) in [
        (json!({ "name": "ci", "role": "viewer" }), "name"),
        (json!({ "name": "editor", "role": "viewer" }), "name"),
        (json!({ "name": "a b", "role": "viewer" }), "name"),
        (
            json!({ "name": "x", "role": "viewer", "environments": ["a b"] }),
            "environments[0]",
        ),
        (json!({ "name": "x", "role": "root" }), "(body)"),
        (
            json!({ "name": "x", "role": "viewer", "owner": "team-b" }),
            "(body)",
        ),
    ] {
        let problem = make(&house, "admin", body)
            .await
            .problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["path"], path);
    }
    revoke(&house, "editor")
        .await
        .problem(422, "invalid_request");
    assert_eq!(house.store.tokens().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_makes_none_that_allows_more() {
    let house = House::open().await;
    let narrow = make(
        &house,
        "admin",
        json!({ "name": "narrow", "role": "admin", "environments": ["staging"] }),
    )
    .await
    .ok(201);
    let narrow = narrow["token"].as_str().unwrap();
    make(&house, narrow, json!({ "name": "wide", "role": "editor" }))
        .await
        .problem(403, "forbidden");
    make(
        &house,
        narrow,
        json!({ "name": "wide", "role": "editor", "environments": ["staging", "production"] }),
    )
    .await
    .problem(403, "forbidden");
    make(
        &house,
        narrow,
        json!({ "name": "same", "role": "editor", "environments": ["staging"] }),
    )
    .await
    .ok(201);

    let body =
        json!({ "content_id": "post", "destinations": ["blog"], "payload": { "title": "T" } });
    let publish = request("POST", "/v1/publish", narrow).header("idempotency-key", "k");
    house
        .send(publish.body(Body::from(body.to_string())).unwrap())
        .await
        .problem(403, "forbidden");
    assert_eq!(house.entries().await, 0);
}

#[tokio::test]
async fn what_another_node_changes_counts_after_a_while() {
    let house = House::open().await;
    let ask = async || {
        house
            .get_as("elsewhere", "/v1/publishes")
            .await
            .status
            .as_u16()
    };
    assert_eq!(ask().await, 401);
    house.store.add_token(made_elsewhere()).await.unwrap();
    assert_eq!(ask().await, 401, "guessing does not reach the store");
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(ask().await, 200);
    house.store.revoke_token("elsewhere").await.unwrap();
    house.clock.advance(Duration::from_secs(10));
    assert_eq!(ask().await, 401);
}

fn made_elsewhere() -> TokenRecord {
    TokenRecord {
        name: "elsewhere".into(),
        hash: slugline_web::token_hash("elsewhere"),
        role: "viewer".into(),
        owner: "default".into(),
        environments: Vec::new(),
        created_at: START,
    }
}
