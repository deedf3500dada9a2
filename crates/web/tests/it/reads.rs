//! The read endpoints: pages, filters, ids with slashes.

use std::time::Duration;

use axum::body::Body;
use serde_json::{Value, json};
use slugline_core::connector::{Capabilities, Repeat};
use slugline_core::lane::LaneScope;
use slugline_engine::destination::Health;
use slugline_web::DestinationView;

use crate::house::{House, Plan, destination_settings, request};

fn post(id: &str, version: i64) -> Value {
    json!({ "content_id": id, "version": version, "payload": { "title": format!("{id} {version}") } })
}

fn column(list: &Value, name: &str) -> Vec<Value> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item[name].clone())
        .collect()
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_overlap() {
    let house = House::open().await;
    for number in 1..=5 {
        house
            .publish(&format!("r-{number}"), post(&format!("post-{number}"), 1))
            .await
            .ok(202);
    }
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = house.get(&format!("/v1/publishes?{query}")).await.ok(200);
        seen.extend(column(&page, "request_id"));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["r-5", "r-4", "r-3", "r-2", "r-1"]);
}

#[tokio::test]
async fn filters_must_all_hold() {
    let house = House::open().await;
    house.publish("r-1", post("a", 1)).await.ok(202);
    let mut german = post("b", 1);
    german["locale"] = json!("de");
    german["destinations"] = json!(["hook"]);
    house.publish("r-2", german).await.ok(202);
    for (query, expected) in [
        ("content_id=a", vec!["r-1"]),
        ("request_id=r-2", vec!["r-2"]),
        ("locale=de&destination=hook", vec!["r-2"]),
        ("locale=de&destination=blog", vec![]),
        ("state=queued&environment=production", vec!["r-2", "r-1"]),
        ("state=live", vec![]),
    ] {
        let list = house.get(&format!("/v1/publishes?{query}")).await.ok(200);
        assert_eq!(column(&list, "request_id"), expected, "{query}");
    }
}

#[tokio::test]
async fn a_misspelt_parameter_does_not_mean_everything() {
    let house = House::open().await;
    for path in [
        "/v1/publishes?contentid=a",
        "/v1/publishes?state=alive",
        "/v1/publishes?limit=0",
        "/v1/publishes?limit=-1",
        "/v1/publishes?limit=many",
        "/v1/publishes?cursor=%27%3B--",
        "/v1/publishes?limit=1&limit=2",
        "/v1/events?type=party",
        "/v1/events?after=x",
        "/v1/events?job_id=pub_00000001",
        "/v1/content/a/timeline?job=job_00000001",
        "/v1/events?after=pub_00000001",
        "/v1/events?schema_version=2",
        "/readyz?loud",
    ] {
        house.get(path).await.problem(422, "invalid_request");
    }
}

#[tokio::test]
async fn the_log_is_read_by_cursor() {
    let house = House::open().await;
    house.publish("r-1", post("a", 1)).await.ok(202);
    house.publish("r-2", post("b", 1)).await.ok(202);
    let all = house.get("/v1/events").await.ok(200);
    let numbers: Vec<i64> = column(&all, "seq")
        .iter()
        .filter_map(Value::as_i64)
        .collect();
    assert!(numbers.len() >= 2 && numbers.is_sorted());
    let rest = house
        .get(&format!("/v1/events?after={}", numbers[0]))
        .await
        .ok(200);
    assert_eq!(column(&rest, "seq").len(), numbers.len() - 1);

    let accepted = house
        .get("/v1/events?type=publish_request&request_id=r-2&actor=token:editor")
        .await
        .ok(200);
    assert_eq!(column(&accepted, "content_id"), ["b"]);
    let page = house.get("/v1/events?limit=1").await.ok(200);
    assert_eq!(page["next_cursor"], numbers[0].to_string());
}

#[tokio::test]
async fn an_id_with_slashes_is_found_by_either_spelling() {
    let house = House::open().await;
    for (key, id) in [("r-1", "blog/post 1"), ("r-2", "blog/revisions")] {
        house.publish(key, post(id, 1)).await.ok(202);
    }
    for path in ["/v1/content/blog/post%201", "/v1/content/blog%2Fpost%201"] {
        assert_eq!(house.get(path).await.ok(200)["content_id"], "blog/post 1");
        let revisions = house.get(&format!("{path}/revisions")).await.ok(200);
        assert_eq!(column(&revisions, "request_id"), ["r-1"]);
        let timeline = house.get(&format!("{path}/timeline")).await.ok(200);
        assert!(
            column(&timeline, "content_id")
                .iter()
                .all(|id| id == "blog/post 1")
        );
    }
    assert_eq!(
        house.get("/v1/content/blog%2Frevisions").await.ok(200)["content_id"],
        "blog/revisions"
    );
    house
        .get("/v1/content/blog/revisions")
        .await
        .problem(404, "not_found");
    house
        .get("/v1/content/absent/timeline")
        .await
        .problem(404, "not_found");
    house
        .get("/v1/content/%FF")
        .await
        .problem(422, "invalid_request");
}

#[tokio::test]
async fn revisions_and_timeline_have_opposite_orders() {
    let house = House::open().await;
    for version in 1..=3 {
        house
            .publish(&format!("r-{version}"), post("a", version))
            .await
            .ok(202);
    }
    let revisions = house.get("/v1/content/a/revisions").await.ok(200);
    assert_eq!(column(&revisions, "version"), [3, 2, 1]);
    let timeline = house.get("/v1/content/a/timeline").await.ok(200);
    assert!(
        column(&timeline, "seq")
            .iter()
            .filter_map(Value::as_i64)
            .is_sorted()
    );
}

#[tokio::test]
async fn a_request_id_with_odd_characters_is_found() {
    let house = House::open().await;
    house.publish("a/b c?d", post("a", 1)).await.ok(202);
    assert_eq!(
        house.get("/v1/publishes/a%2Fb%20c%3Fd").await.ok(200)["request_id"],
        "a/b c?d"
    );
    house
        .get("/v1/publishes/%FF")
        .await
        .problem(422, "invalid_request");
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_absent() {
    let house = House::open().await;
    for path in [
        "/v1/publishes/r-9",
        "/v1/jobs/job_00000009",
        "/v1/jobs/seven",
        "/v1/content/a",
    ] {
        house.get(path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn destinations_are_shown_with_what_they_can_do_and_how_they_are() {
    let house = House::build(Plan {
        destinations: two_destinations,
        ..Plan::default()
    })
    .await;
    let list = house.get("/v1/destinations").await.ok(200);
    assert_eq!(column(&list, "name"), ["blog"]);
    let blog = &list["items"][0];
    assert_eq!(
        (
            blog["type"].as_str(),
            blog["capabilities"]["timeout_seconds"].as_f64()
        ),
        (Some("webhook"), Some(1.5))
    );
    assert_eq!(
        blog["health"],
        json!({ "state": "down", "last_error": "refused", "concurrency": 4 })
    );
    let names = house.get_as("other", "/v1/destinations").await.ok(200);
    assert_eq!(column(&names, "name"), ["blog", "theirs"]);
}

fn two_destinations() -> Vec<DestinationView> {
    let view = |name: &str, owner: Option<&str>| DestinationView {
        name: name.into(),
        owner: owner.map(str::to_owned),
        environment: None,
        capabilities: Capabilities {
            kind: "webhook",
            lane: LaneScope::ItemLocale,
            readable: false,
            repeat: Repeat::Dedupes(Duration::from_secs(60)),
            drafts: false,
            commit_window: None,
            verify_window: Duration::ZERO,
            concurrency: 8,
            timeout: Duration::from_millis(1_500),
            transforms: &[],
        },
        settings: destination_settings(name),
        health: Health {
            state: "down",
            since: None,
            next_try_at: None,
            last_error: Some("refused".into()),
            concurrency: 4,
        },
    };
    vec![view("blog", None), view("theirs", Some("team-b"))]
}

#[tokio::test]
async fn the_log_is_sent_as_lines_to_its_end() {
    let house = House::open().await;
    // More than one page of entries.
    for number in 0..260 {
        let body = post(&format!("post-{number}"), 1);
        house.publish(&format!("r-{number}"), body).await.ok(202);
    }
    let lines = async |query: &str| {
        let path = format!("/v1/events{query}");
        let asked = request("GET", &path, "viewer").header("accept", "application/x-ndjson");
        let seen = house.send(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(seen.header("content-type"), "application/x-ndjson");
        let read = |line: &str| serde_json::from_str::<Value>(line).unwrap();
        seen.text().lines().map(read).collect::<Vec<_>>()
    };
    let all = lines("").await;
    assert_eq!(all.len() as u64, house.entries().await);
    assert!(all.len() > 500);
    let numbers = all.iter().map(|entry| entry["seq"].as_u64().unwrap());
    assert!(numbers.eq(1..=all.len() as u64));
    assert_eq!(lines("?after=510").await, all[510..]);
    let of_one = lines("?content_id=post-7").await;
    assert!(of_one.len() == 2 && of_one.iter().all(|entry| entry["content_id"] == "post-7"));
}
