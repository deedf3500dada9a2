//! Pausing and resuming over HTTP.

use std::time::Duration;

use axum::body::Body;
use serde_json::{Value, json};
use slugline_core::connector::{Capabilities, Repeat};
use slugline_core::lane::LaneScope;
use slugline_engine::destination::Health;
use slugline_web::DestinationView;

use crate::house::{House, Plan, Seen, destination_settings, request};

fn view(name: &str, owner: Option<&str>) -> DestinationView {
    DestinationView {
        name: name.into(),
        owner: owner.map(str::to_owned),
        environment: None,
        capabilities: Capabilities {
            kind: "webhook",
            lane: LaneScope::ItemLocale,
            readable: true,
            drafts: false,
            repeat: Repeat::LooksUp,
            commit_window: None,
            verify_window: Duration::ZERO,
            timeout: Duration::from_secs(30),
            concurrency: 4,
            transforms: &[],
        },
        settings: destination_settings(name),
        health: Health {
            state: "up",
            since: None,
            next_try_at: None,
            last_error: None,
            concurrency: 4,
        },
    }
}

pub(crate) async fn house() -> House {
    House::build(Plan {
        destinations: || {
            vec![
                view("blog", None),
                view("locked", None),
                view("theirs", Some("team-b")),
            ]
        },
        ..Plan::default()
    })
    .await
}

async fn post(house: &House, token: &str, path: &str, body: Value) -> Seen {
    let body = match body.is_null() {
        true => Body::empty(),
        false => Body::from(body.to_string()),
    };
    house
        .send(request("POST", path, token).body(body).unwrap())
        .await
}

#[tokio::test]
async fn what_is_paused_is_listed_and_shown_with_who_and_why() {
    let house = house().await;
    let body = json!({ "content_id": "dir/post", "payload": { "title": "T" } });
    house.publish("r-1", body).await.ok(202);
    let act = async |path: &str, body: Value| post(&house, "operator", path, body).await.ok(200);
    let paused = act("/v1/destinations/blog/pause", json!({ "note": "upgrade" })).await;
    assert_eq!(
        paused,
        json!({ "what": "destination", "destination": "blog", "since": "2026-11-21T10:00:00Z",
                "actor": "token:operator", "note": "upgrade" })
    );
    act("/v1/classes/bulk/pause", Value::Null).await;
    act("/v1/pause", Value::Null).await;
    act("/v1/content/dir/post/pause", json!({ "locale": "en" })).await;
    let list = house.get("/v1/pauses").await.ok(200);
    let kinds = list["items"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|pause| pause["what"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["everything", "destination", "class", "content"]);
    let shown = house.get("/v1/destinations").await.ok(200);
    assert_eq!(shown["items"][0]["paused"]["note"], "upgrade");
    assert_eq!(shown["items"][1]["paused"]["what"], "everything");
    let job = house.get("/v1/publishes/r-1").await.ok(200)["jobs"][0].clone();
    assert_eq!(job["waits_for_pause"], "everything");
    for path in [
        "/v1/resume",
        "/v1/classes/bulk/resume",
        "/v1/destinations/blog/resume",
    ] {
        assert_eq!(act(path, Value::Null).await["resumed"], true, "{path}");
        assert_eq!(act(path, Value::Null).await["resumed"], false, "{path}");
    }
    let all = act("/v1/content/dir%2Fpost/resume", Value::Null).await;
    assert_eq!(all["resumed"], false, "one locale is paused, not all");
    act("/v1/content/dir%2Fpost/resume", json!({ "locale": "en" })).await;
    let list = house.get("/v1/pauses").await.ok(200);
    assert_eq!(list["items"], json!([]));
    let shown = house.get("/v1/destinations").await.ok(200);
    assert_eq!(shown["items"][0]["paused"], Value::Null);
}

#[tokio::test]
async fn only_operators_stop_what_they_know() {
    let house = house().await;
    for path in ["/v1/pause", "/v1/destinations/blog/pause", "/v1/resume"] {
        let seen = post(&house, "editor", path, Value::Null).await;
        seen.problem(403, "forbidden");
    }
    for path in [
        "/v1/destinations/theirs/pause",
        "/v1/destinations/nowhere/resume",
        "/v1/classes/slow/pause",
        "/v1/content/unknown/pause",
        "/v1/content/unknown/explode",
        "/v1/destinations/nowhere/probe",
    ] {
        let seen = post(&house, "operator", path, Value::Null).await;
        seen.problem(404, "not_found");
    }
    for (path, body) in [
        ("/v1/pause", json!({ "why": "?" })),
        ("/v1/pause", json!({ "locale": "en" })),
        ("/v1/pause", json!({ "note": "n".repeat(1_001) })),
    ] {
        let seen = post(&house, "operator", path, body).await;
        seen.problem(422, "invalid_request");
    }
    let list = house.get("/v1/pauses").await.ok(200);
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn a_token_for_one_environment_stops_nothing_beyond_it() {
    let house = house().await;
    let body = json!({ "content_id": "post", "payload": { "title": "T" } });
    house.publish("r-1", body).await.ok(202);
    let wanted = json!({ "name": "narrow", "role": "operator", "environments": ["staging"] });
    let made = post(&house, "admin", "/v1/tokens", wanted).await.ok(201);
    let token = made["token"].as_str().unwrap();
    for path in [
        "/v1/pause",
        "/v1/resume",
        "/v1/classes/bulk/pause",
        "/v1/destinations/blog/pause",
        "/v1/content/post/pause",
    ] {
        let request =
            axum::http::Request::post(path).header("authorization", format!("Bearer {token}"));
        let seen = house.send(request.body(Body::empty()).unwrap()).await;
        seen.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn a_probe_says_what_it_found() {
    let house = house().await;
    let probe = async |name: &str| {
        let path = format!("/v1/destinations/{name}/probe");
        post(&house, "operator", &path, Value::Null).await.ok(200)
    };
    assert_eq!(
        probe("blog").await,
        json!({ "destination": "blog", "ok": true, "detail": "all is well" })
    );
    let locked = probe("locked").await;
    assert_eq!(locked["ok"], false);
    assert_eq!(locked["suggested_action"], "fix_credentials");
}
