//! DESIGN §4: every row that an API client can meet, answered as written.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use serde_json::{Value, json};
use slugline_core::intake::Submission;
use slugline_core::item::{Class, ItemKey};
use slugline_core::lifecycle::{Evidence, Verdict};
use slugline_core::pressure::Thresholds;
use slugline_core::request::decode;
use slugline_engine::store::{Room, Settlement, Want};

use crate::house::{House, Plan, START, Seen, request};

fn version(number: i64, title: &str) -> Value {
    json!({ "content_id": "post-42", "version": number, "payload": { "title": title } })
}

fn removal(action: &str, number: i64) -> Value {
    json!({ "content_id": "post-42", "version": number, "action": action })
}

async fn house_with(number: i64) -> (House, Value) {
    let house = House::open().await;
    let first = house.publish("first", version(number, "A")).await.ok(202);
    (house, first)
}

/// Sends, and holds that a refusal leaves no trace.
async fn refused(house: &House, key: &str, body: Value) -> Seen {
    let before = house.entries().await;
    let seen = house.publish(key, body).await;
    assert_eq!(house.entries().await, before, "{}", seen.text());
    seen
}

#[tokio::test]
async fn a_new_key_and_a_newer_version_are_accepted() {
    let (house, first) = house_with(7).await;
    assert_eq!(
        (first["status"].as_str(), first["result_ref"].as_str()),
        (Some("ok"), Some("content:post-42:v7"))
    );
    assert_eq!(
        (first["request_id"].as_str(), first["state"].as_str()),
        (Some("first"), Some("queued"))
    );
    assert_eq!(first["jobs"][0]["destination"], "blog");

    let seen = house.publish("second", version(8, "B")).await;
    let second = seen.ok(202);
    assert_eq!(
        (second["version"].as_i64(), second["generation"].as_i64()),
        (Some(8), Some(2))
    );
    let place = format!("/v1/publishes/{}", second["publish_id"].as_str().unwrap());
    assert_eq!(seen.header("location"), place);
    assert_eq!(house.get(&place).await.ok(200)["request_id"], "second");
    let asked = house.get(&format!("{place}/request")).await;
    assert_eq!(
        serde_json::from_slice::<Value>(&asked.bytes).unwrap(),
        version(8, "B"),
        "what was asked can be read"
    );
    let read =
        request("GET", &format!("{place}/request"), "viewer").header("accept", "message/http");
    let asked = house.send(read.body(Body::empty()).unwrap()).await;
    assert_eq!(asked.header("content-type"), "message/http");
    let (head, body) = asked.text().split_once("\r\n\r\n").unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(body).unwrap(),
        version(8, "B")
    );
    let who_sent = "POST /v1/publish HTTP/1.1\r\nuser-agent: newsroom/4";
    assert_eq!(head, who_sent, "and no credential is in it");
    let unknown = house.get("/v1/publishes/pub_00000099/request").await;
    unknown.problem(404, "not_found");
}

#[tokio::test]
async fn a_repeated_key_gets_the_stored_answer() {
    let (house, first) = house_with(7).await;
    house.publish("second", version(8, "B")).await.ok(202);
    let before = house.entries().await;
    let seen = house.publish("\"first\"", version(7, "A")).await;
    let mut expected = first;
    expected["status"] = json!("duplicate");
    assert_eq!(seen.ok(200), expected);
    assert_eq!(seen.header("idempotency-replayed"), "true");
    assert_eq!(house.entries().await, before);
}

#[tokio::test]
async fn a_key_for_another_request_is_refused() {
    let (house, _) = house_with(7).await;
    refused(&house, "first", version(7, "B"))
        .await
        .problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn an_older_version_is_ignored_and_says_so() {
    let (house, _) = house_with(14).await;
    let stale = house.publish("late", version(12, "old")).await.ok(200);
    assert_eq!(stale["status"], "stale_update_ignored");
    assert_eq!(
        (
            stale["current_version"].as_i64(),
            stale["next_version"].as_i64()
        ),
        (Some(14), Some(15))
    );
    assert_eq!(stale["reason"], "stale version; incoming 12 < stored 14");
}

#[tokio::test]
async fn the_same_content_under_another_key_is_a_duplicate() {
    let (house, first) = house_with(7).await;
    let seen = house.publish("again", version(7, "A")).await;
    let again = seen.ok(200);
    assert_eq!(
        (again["status"].as_str(), &again["result_ref"]),
        (Some("duplicate"), &first["result_ref"])
    );
    assert_eq!(again["publish_id"], first["publish_id"]);
    assert_eq!(seen.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn the_same_content_goes_to_a_destination_that_lacks_it() {
    let (house, first) = house_with(7).await;
    let mut wider = version(7, "A");
    wider["destinations"] = json!(["blog", "hook"]);
    let more = house.publish("wider", wider).await.ok(202);
    assert_eq!(
        (&more["generation"], &more["result_ref"]),
        (&first["generation"], &first["result_ref"])
    );
    let jobs = more["jobs"].as_array().unwrap();
    assert_eq!(
        (jobs.len(), jobs[0]["destination"].as_str()),
        (1, Some("hook"))
    );
}

#[tokio::test]
async fn the_same_version_with_another_body_is_a_conflict() {
    let (house, _) = house_with(7).await;
    let problem = refused(&house, "other", version(7, "B"))
        .await
        .problem(409, "version_conflict");
    assert_eq!(problem["next_version"], 8);
}

#[tokio::test]
async fn a_removal_wins_the_tie_and_leaves_a_tombstone() {
    for (action, word) in [("unpublish", "unpublished"), ("delete", "deleted")] {
        let (house, _) = house_with(7).await;
        let removed = house.publish("remove", removal(action, 7)).await.ok(202);
        assert_eq!(
            (removed["status"].as_str(), removed["generation"].as_i64()),
            (Some("ok"), Some(2))
        );
        let late = house.publish("late", version(7, "B")).await.ok(200);
        assert_eq!(late["status"], "stale_update_ignored");
        assert_eq!(late["reason"], format!("{word} at 7; send 8"));
        house.publish("back", version(8, "B")).await.ok(202);
    }
}

#[tokio::test]
async fn removing_what_is_unknown_leaves_a_tombstone_too() {
    let house = House::open().await;
    house.publish("remove", removal("delete", 3)).await.ok(202);
    let late = house.publish("late", version(2, "A")).await.ok(200);
    assert_eq!(
        (late["status"].as_str(), late["next_version"].as_i64()),
        (Some("stale_update_ignored"), Some(4))
    );
}

#[tokio::test]
async fn a_version_of_another_kind_is_refused() {
    let (house, _) = house_with(7).await;
    let timed = json!({ "content_id": "post-42", "updated_at": "2026-11-21T09:00:00Z", "payload": { "title": "B" } });
    refused(&house, "timed", timed)
        .await
        .problem(409, "version_kind_mismatch");
}

#[tokio::test]
async fn an_item_of_another_source_is_refused() {
    let house = House::open().await;
    house.store.accept(vec![from_a_cms()]).await.unwrap()[0]
        .as_ref()
        .unwrap();
    let problem = refused(&house, "mine", version(8, "B"))
        .await
        .problem(409, "owned_by_other_source");
    assert_eq!(problem["source"], "cf");
}

fn from_a_cms() -> Submission {
    let raw = Bytes::from_static(
        br#"{"request_id":"hook-1","content_id":"post-42","version":7,"payload":{"title":"A"}}"#,
    );
    let request = decode(&raw).unwrap();
    let fingerprints = request.fingerprints("en");
    Submission {
        offers: Vec::new(),
        item: ItemKey {
            owner: "default".into(),
            environment: "production".into(),
            content_id: "post-42".into(),
            locale: "en".into(),
        },
        key: "hook-1".into(),
        fingerprint: fingerprints.request,
        body: fingerprints.payload,
        source: "cf".into(),
        actor: "source:cf".into(),
        targets: vec!["blog".into()],
        media: None,
        payload_place: None,
        raw,
        headers: Vec::new(),
        received_at: START,
        key_ttl: Duration::from_secs(60),
        origin: slugline_core::intake::Origin::Producer,
        request,
    }
}

#[tokio::test]
async fn without_a_version_the_next_one_is_assigned() {
    let (house, _) = house_with(7).await;
    let body = json!({ "content_id": "post-42", "payload": { "title": "B" } });
    assert_eq!(
        house.publish("unversioned", body.clone()).await.ok(202)["version"],
        8
    );
    let again = house.publish("unversioned", body).await.ok(200);
    assert_eq!(
        (again["status"].as_str(), again["version"].as_i64()),
        (Some("duplicate"), Some(8))
    );
}

#[tokio::test]
async fn a_slug_of_another_item_is_refused_until_that_gives_it_up() {
    let house = House::open().await;
    let claim = |id: &str, slug: &str| json!({ "content_id": id, "payload": { "title": "T", "slug": slug } });
    house.publish("a", claim("first", "hello")).await.ok(202);
    let problem = refused(&house, "b", claim("second", "hello"))
        .await
        .problem(409, "slug_taken");
    assert_eq!(
        (problem["slug"].as_str(), problem["held_by"].as_str()),
        (Some("hello"), Some("first"))
    );

    house.publish("c", claim("first", "moved")).await.ok(202);
    let waits = house.publish("d", claim("second", "hello")).await.ok(202);
    assert_eq!(
        (
            waits["state"].as_str(),
            waits["jobs"][0]["pending_reason"].as_str()
        ),
        (Some("pending"), Some("slug_release"))
    );
}

#[tokio::test]
async fn what_depends_on_others_says_for_which_it_waits() {
    let house = House::open().await;
    let post = |id: &str, after: &[&str]| json!({ "content_id": id, "depends_on": after, "payload": { "title": id } });
    let waits = house.publish("a", post("post", &["author"])).await.ok(202);
    assert_eq!(waits["jobs"][0]["pending_reason"], "dependency");
    let publish = house.get("/v1/publishes/a").await.ok(200);
    assert_eq!(publish["state"], "pending");
    assert_eq!(publish["waits_for"], json!(["author"]));
    let job = publish["jobs"][0]["job_id"].as_str().unwrap();
    let job = house.get(&format!("/v1/jobs/{job}")).await.ok(200);
    assert_eq!(
        (&job["pending_reason"], &job["waits_for"]),
        (&json!("dependency"), &json!(["author"]))
    );
    refused(&house, "a", post("post", &[]))
        .await
        .problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn without_a_destination_it_is_refused() {
    let house = House::open().await;
    let mut body = version(1, "A");
    body["environment"] = json!("staging");
    refused(&house, "nowhere", body.clone())
        .await
        .problem(422, "no_destination");
    body["destinations"] = json!(["blog", "attic"]);
    let problem = refused(&house, "unknown", body)
        .await
        .problem(422, "no_destination");
    assert_eq!(problem["errors"][0]["path"], "destinations[1]");
}

#[tokio::test]
async fn over_a_threshold_it_says_when_to_come_back_and_resumes_by_itself() {
    let thresholds = Thresholds {
        max_open_jobs: 1,
        min_free_bytes: 0,
        ..Thresholds::default()
    };
    let house = House::build(Plan {
        thresholds,
        ..Plan::default()
    })
    .await;
    house.publish("first", version(1, "A")).await.ok(202);
    let seen = refused(&house, "second", version(2, "B")).await;
    seen.problem(429, "queue_full");
    assert!(seen.header("retry-after").parse::<u64>().unwrap() > 0);

    deliver(&house).await;
    house.publish("second", version(2, "B")).await.ok(202);
}

/// Brings the one queued job to its end.
async fn deliver(house: &House) {
    let want = Want {
        destination: "blog".into(),
        class: Class::Standard,
        limit: 1,
        room: Room::default(),
        lease: Duration::from_secs(60),
    };
    let claimed = house.store.claim(vec![want]).await.unwrap();
    let settlement = Settlement {
        job: claimed.jobs[0].job,
        fence: claimed.jobs[0].fence,
        class: claimed.jobs[0].class,
        verdict: Verdict::Live(Evidence::Acknowledged),
        shown: None,
        started_at: START,
        requests: 1,
        exchanges: Vec::new(),
        wrote: true,
        look_after: None,
        looked: false,
        drift: None,
    };
    assert_eq!(house.store.settle(vec![settlement]).await.unwrap(), [true]);
}

#[tokio::test]
async fn on_a_low_disk_nothing_is_stored() {
    let thresholds = Thresholds {
        min_free_bytes: u64::MAX,
        ..Thresholds::default()
    };
    let house = House::build(Plan {
        thresholds,
        ..Plan::default()
    })
    .await;
    let seen = refused(&house, "first", version(1, "A")).await;
    seen.problem(503, "disk_low");
    assert!(seen.header("retry-after").parse::<u64>().unwrap() > 0);
}
