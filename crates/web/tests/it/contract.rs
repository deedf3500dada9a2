//! The event contract over HTTP: the schemas, and the log in its form.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use slugline_core::contract::{Received, read};
use slugline_core::event::EventType;

use crate::house::{House, Seen, request};

const BATCH: &str = "application/cloudevents-batch+json";

impl House {
    async fn ask(&self, token: &str, path: &str) -> Seen {
        let request = request("GET", path, token).header("accept", BATCH);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// The events of a batch.
    async fn batch(&self, path: &str) -> (Vec<Value>, Seen) {
        let seen = self.ask("viewer", path).await;
        assert_eq!(seen.header("content-type"), BATCH, "{}", seen.text());
        let events = seen.ok(200);
        (events.as_array().unwrap().clone(), seen)
    }

    /// A schema as somebody without a token gets it.
    async fn schema(&self, name: &str) -> Seen {
        let request = Request::get(format!("/schemas/{name}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

async fn busy_house() -> House {
    let house = House::open().await;
    for (key, id, version) in [("r-1", "a", 2), ("r-2", "b", 1)] {
        let body = json!({ "content_id": id, "version": version, "payload": { "title": id } });
        house.publish(key, body).await.ok(202);
    }
    let late = json!({ "content_id": "a", "version": 1, "payload": { "title": "late" } });
    house.publish("r-3", late).await.ok(200);
    let gone = json!({ "content_id": "b", "version": 2, "action": "unpublish" });
    house.publish("r-4", gone).await.ok(202);
    house
}

fn received(events: &[Value]) -> Vec<Received> {
    let texts = events.iter().map(Value::to_string);
    texts.map(|text| read(text.as_bytes()).unwrap()).collect()
}

/// The target of the `Link` to the next page, as the path to ask for.
fn next(seen: &Seen) -> Option<String> {
    let query = seen.header("link").strip_prefix('<')?;
    let (target, rest) = query.split_once('>').unwrap();
    assert_eq!(rest, "; rel=\"next\"");
    Some(format!("/v1/events{target}"))
}

#[tokio::test]
async fn what_is_sent_fits_the_schema_that_it_names() {
    let house = busy_house().await;
    for (query, version) in [
        ("", 3),
        ("?schema_version=3", 3),
        ("?schema_version=2", 2),
        ("?schema_version=1", 1),
    ] {
        let (events, _) = house.batch(&format!("/v1/events{query}")).await;
        assert!(events.len() >= 6, "{events:?}");
        for event in &events {
            let place = event["dataschema"].as_str().unwrap();
            let name = place.strip_prefix("https://cms.example/slugline/schemas/");
            assert_eq!(name, Some(format!("event.v{version}.json").as_str()));
            judge(house.schema(name.unwrap()).await.ok(200), event);
        }
        let versions = received(&events)
            .into_iter()
            .map(|found| found.schema_version);
        assert!(versions.into_iter().all(|found| found == version));
    }
}

#[track_caller]
fn judge(schema: Value, event: &Value) {
    let (mut compiler, mut schemas) = (boon::Compiler::new(), boon::Schemas::new());
    compiler.enable_format_assertions();
    let place = "http://localhost/schema.json";
    compiler.add_resource(place, schema).unwrap();
    let index = compiler.compile(place, &mut schemas).unwrap();
    if let Err(why) = schemas.validate(event, index) {
        panic!("{why}: {event}");
    }
}

#[tokio::test]
async fn the_contracts_form_tells_what_the_log_tells() {
    let house = busy_house().await;
    let log = house.get("/v1/events").await.ok(200);
    let (events, seen) = house.batch("/v1/events").await;
    assert_eq!(seen.header("link"), "");
    let entries = log["items"].as_array().unwrap();
    assert_eq!(entries.len(), events.len());
    for (entry, found) in entries.iter().zip(received(&events)) {
        assert_eq!(json!(found.event.kind), entry["type"]);
        assert_eq!(json!(found.event.event_id.0), entry["seq"]);
        assert_eq!(json!(found.event.content_id), entry["content_id"]);
        assert_eq!(json!(found.event.idempotency_key), entry["request_id"]);
        assert_eq!(json!(found.event.occurred_at), entry["at"]);
        assert_eq!(json!(found.event.source), entry["actor"]);
        for name in [
            "version",
            "generation",
            "reason",
            "environment",
            "locale",
            "destination",
        ] {
            assert_eq!(
                json!(found.event)[name],
                entry["detail"][name],
                "{name} of {entry}"
            );
        }
    }
}

#[tokio::test]
async fn a_stale_request_says_why() {
    let house = busy_house().await;
    let (events, _) = house.batch("/v1/events?type=stale_update_ignored").await;
    let event = &received(&events)[0].event;
    assert_eq!(event.kind, EventType::StaleUpdateIgnored.into());
    let reason = event.reason.as_deref().unwrap();
    assert!(reason.contains("1 < stored 2"), "{reason}");
}

#[tokio::test]
async fn a_follower_misses_nothing() {
    let house = busy_house().await;
    let (all, _) = house
        .batch("/v1/events?content_id=b&schema_version=1")
        .await;
    let mut path = Some("/v1/events?content_id=b&limit=1&schema_version=1".to_owned());
    let mut followed = Vec::new();
    while let Some(page) = path {
        let (events, seen) = house.batch(&page).await;
        followed.extend(events);
        path = next(&seen);
    }
    assert!(all.len() > 2);
    assert_eq!(followed, all);

    let (first, last) = (&all[0]["id"], &all[all.len() - 1]["id"]);
    let after = async |id: &Value| {
        let id = id.as_str().unwrap();
        let path = format!("/v1/events?content_id=b&schema_version=1&after={id}");
        house.batch(&path).await.0
    };
    assert_eq!(after(first).await, all[1..]);
    assert!(after(last).await.is_empty());
}

#[tokio::test]
async fn nothing_changes_for_those_who_do_not_ask() {
    let house = busy_house().await;
    let usual = house.get("/v1/events?limit=1").await;
    for accept in ["*/*", "application/json", "application/cloudevents+json"] {
        let request = request("GET", "/v1/events?limit=1", "viewer").header("accept", accept);
        let seen = house.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(seen.bytes, usual.bytes, "{accept}");
        assert_eq!(seen.header("content-type"), "application/json");
        assert_eq!(seen.header("link"), "");
    }
}

#[tokio::test]
async fn a_version_or_a_token_that_there_is_not_is_refused() {
    let house = House::open().await;
    for asked in ["4", "0", "", "two"] {
        let path = format!("/v1/events?schema_version={asked}");
        let seen = house.ask("viewer", &path).await;
        seen.problem(422, "invalid_request");
    }
    house
        .ask("nobody", "/v1/events")
        .await
        .problem(401, "unauthorized");
}

#[tokio::test]
async fn an_owner_sees_its_own_events_only() {
    let house = busy_house().await;
    let seen = house.ask("other", "/v1/events").await;
    assert_eq!(seen.ok(200), json!([]));
}

#[tokio::test]
async fn the_schemas_need_no_token() {
    let house = House::open().await;
    for version in [1, 2, 3] {
        let seen = house.schema(&format!("event.v{version}.json")).await;
        let schema = seen.ok(200);
        assert_eq!(seen.header("content-type"), "application/schema+json");
        assert_eq!(
            schema["$id"],
            format!("urn:slugline:schema:event:v{version}")
        );
    }
    let problem = house
        .schema("event.v4.json")
        .await
        .problem(404, "not_found");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("event.v3.json")
    );
    house
        .schema("..%2F..%2FCargo.toml")
        .await
        .problem(404, "not_found");
}
