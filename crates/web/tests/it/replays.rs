//! Replays, as operators and others see them.

use std::time::Duration;

use axum::body::Body;
use serde_json::{Value, json};
use slugline_core::failure::Failure;
use slugline_core::item::Class;
use slugline_core::lifecycle::Verdict;
use slugline_core::reason::Reason;
use slugline_engine::store::{Room, Settlement, Want};

use crate::described::conform;
use crate::house::{House, Seen, request};
use crate::reconciling;

async fn post(house: &House, token: &str, path: &str, body: Value) -> Seen {
    let request = request("POST", path, token).header("content-type", "application/json");
    let body = Body::from(body.to_string());
    house.send(request.body(body).unwrap()).await
}

/// A post that could not be delivered to the blog.
pub(crate) async fn dead(house: &House, content_id: &str) {
    let body = json!({ "content_id": content_id, "payload": { "title": content_id } });
    house.publish(content_id, body).await.ok(202);
    let want = Want {
        destination: "blog".into(),
        class: Class::Standard,
        limit: 10,
        room: Room::default(),
        lease: Duration::from_secs(60),
    };
    let jobs = house.store.claim(vec![want]).await.unwrap().jobs;
    let ends = jobs.iter().map(|job| Settlement {
        job: job.job,
        fence: job.fence,
        class: job.class,
        verdict: Verdict::Dead(Failure::new(
            Reason::ServerError,
            "POST /posts answered 502",
        )),
        shown: None,
        started_at: job.released_at,
        requests: 1,
        exchanges: Vec::new(),
        wrote: false,
        look_after: None,
        looked: false,
        drift: None,
    });
    house.store.settle(ends.collect()).await.unwrap();
    // A replay is about what was accepted before it starts.
    house.clock.advance(Duration::from_secs(1));
}

fn failed(dry_run: bool) -> Value {
    json!({ "filter": { "state": "failed", "destination": "blog" }, "dry_run": dry_run })
}

#[tokio::test]
async fn a_replay_is_tried_begun_seen_and_ended_by_operators() {
    let house = reconciling::open().await;
    for content in ["a", "b"] {
        dead(&house, content).await;
    }
    let path = "/v1/replays";
    post(&house, "editor", path, failed(true))
        .await
        .problem(403, "forbidden");
    let document = house.get("/openapi.json").await.ok(200);
    let schema = |name: &str, value: &Value| {
        let schema = &document["components"]["schemas"][name];
        conform(&document, schema, value, name);
    };
    let dry = post(&house, "operator", path, failed(true)).await.ok(200);
    schema("WholeReplay", &dry);
    assert_eq!((&dry["state"], &dry["total"]), (&json!("done"), &json!(2)));
    assert_eq!(dry["counts"], json!({ "relevant": 2 }));
    assert_eq!(dry["targets"]["items"][0]["content_id"], "a");
    assert_eq!(dry["targets"]["items"][1]["relevance"], "relevant");

    let begun = post(&house, "operator", path, failed(false)).await.ok(202);
    assert_eq!(begun["state"], "running");
    let again = post(&house, "operator", path, failed(false)).await.ok(200);
    assert_eq!(again["replay_id"], begun["replay_id"], "pressed twice");
    let other = json!({ "filter": { "content_id": "a" } });
    let refused = post(&house, "operator", path, other).await;
    let refused = refused.problem(409, "illegal_state");
    let id = begun["replay_id"].as_str().unwrap();
    assert!(refused["detail"].as_str().unwrap().contains(id));

    let one = format!("{path}/{id}");
    let seen = house.get(&format!("{one}?limit=1")).await.ok(200);
    schema("WholeReplay", &seen);
    let cursor = seen["targets"]["next_cursor"].as_str().unwrap();
    let next = house.get(&format!("{one}?cursor={cursor}")).await.ok(200);
    assert_eq!(next["targets"]["items"][0]["content_id"], "b");
    let none = house.get(&format!("{one}?relevance=superseded")).await;
    assert_eq!(none.ok(200)["targets"]["items"], json!([]));
    let listed = house.get(path).await.ok(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    schema("Replay", &listed["items"][0]);
    let theirs = house.get_as("other", path).await.ok(200);
    assert_eq!(theirs["items"], json!([]));
    house.get_as("other", &one).await.problem(404, "not_found");

    let abort = format!("{one}/abort");
    post(&house, "editor", &abort, json!({}))
        .await
        .problem(403, "forbidden");
    let aborted = post(&house, "operator", &abort, json!({})).await.ok(200);
    schema("Replay", &aborted);
    assert_eq!(aborted["state"], "aborted");
    assert_eq!(aborted["why"], "aborted by token:operator");
    house.store.seal(Duration::MAX).await.unwrap();
    let events = house.get("/v1/events?type=replay_ended").await.ok(200);
    schema("LogEntry", &events["items"][0]);
    let theirs = house.get_as("other", "/v1/events?type=replay_ended").await;
    assert_eq!(theirs.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_replayed_is_refused_with_what_would_do() {
    let house = reconciling::open().await;
    let refused = |body: Value, path: &'static str| {
        let house = &house;
        async move {
            let seen = post(house, "operator", "/v1/replays", body).await;
            let problem = seen.problem(422, "invalid_request");
            assert_eq!(problem["errors"][0]["path"], path, "{problem}");
        }
    };
    refused(json!({ "filter": {} }), "filter").await;
    let blog = json!({ "destination": "blog" });
    let with = |member: &str, value: Value| {
        let mut body = json!({ "filter": blog });
        body[member] = value;
        body
    };
    refused(with("limit", json!(0)), "limit").await;
    refused(with("limit", json!(10_001)), "limit").await;
    refused(with("rate", json!(6_001)), "rate").await;
    refused(with("mode", json!("as_recorded")), "mode").await;
    let anywhere = json!({ "filter": { "state": "failed" }, "mode": "as_recorded" });
    refused(anywhere, "filter.destination").await;
    let backwards = json!({ "since": "2026-11-21T10:00:00Z", "until": "2026-11-21T09:00:00Z" });
    refused(json!({ "filter": backwards }), "filter.until").await;
    let hook =
        json!({ "filter": { "destination": "hook" }, "mode": "as_recorded", "dry_run": true });
    post(&house, "operator", "/v1/replays", hook).await.ok(200);
    for name in ["theirs", "nowhere"] {
        let body = json!({ "filter": { "destination": name } });
        post(&house, "operator", "/v1/replays", body)
            .await
            .problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_token_for_one_environment_replays_nothing_beyond_it() {
    let house = reconciling::open().await;
    dead(&house, "a").await;
    let wanted = json!({ "name": "narrow", "role": "operator", "environments": ["staging"] });
    let made = post(&house, "admin", "/v1/tokens", wanted).await.ok(201);
    let token = made["token"].as_str().unwrap().to_owned();
    let narrow = async |path: &str, body: Value| {
        let request = axum::http::Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let body = Body::from(body.to_string());
        house.send(request.body(body).unwrap()).await
    };
    let own = narrow("/v1/replays", failed(true)).await.ok(200);
    assert_eq!(
        (&own["total"], &own["filter"]["environment"]),
        (&json!(0), &json!("staging"))
    );
    let beyond = json!({ "filter": { "environment": "production" } });
    let refused = narrow("/v1/replays", beyond).await;
    refused.problem(403, "forbidden");
    let begun = post(&house, "operator", "/v1/replays", failed(false)).await;
    let begun = begun.ok(202);
    let abort = format!("/v1/replays/{}/abort", begun["replay_id"].as_str().unwrap());
    narrow(&abort, json!({})).await.problem(403, "forbidden");
}
