//! Reconciliations and drift, as operators and others see them.

use std::time::Duration;

use axum::body::Body;
use serde_json::{Value, json};
use slugline_core::connector::{Capabilities, Repeat, Shown};
use slugline_core::drift::Drift;
use slugline_core::item::Class;
use slugline_core::lane::LaneScope;
use slugline_core::lifecycle::{Evidence, Verdict};
use slugline_core::port::ENTRY;
use slugline_engine::destination::Health;
use slugline_engine::store::{ClaimedJob, EffectChange, Found, Room, Settlement, Want};
use slugline_web::DestinationView;

use crate::described::conform;
use crate::house::{House, Plan, Seen, destination_settings, request};

fn destinations() -> Vec<DestinationView> {
    let view = |name: &str, readable, owner: Option<&str>| DestinationView {
        name: name.into(),
        owner: owner.map(str::to_owned),
        environment: Some("production".into()),
        capabilities: Capabilities {
            kind: "wordpress",
            lane: LaneScope::ItemLocale,
            readable,
            repeat: Repeat::LooksUp,
            drafts: true,
            commit_window: None,
            verify_window: Duration::ZERO,
            concurrency: 8,
            timeout: Duration::from_secs(1),
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
    };
    vec![
        view("blog", true, None),
        view("hook", false, None),
        view("theirs", true, Some("team-b")),
    ]
}

pub(crate) async fn open() -> House {
    let destinations = destinations as crate::house::List;
    House::build(Plan {
        destinations,
        ..Plan::default()
    })
    .await
}

async fn post(house: &House, token: &str, path: &str, body: Value) -> Seen {
    let request = request("POST", path, token).header("content-type", "application/json");
    house
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

fn want() -> Vec<Want> {
    vec![Want {
        destination: "blog".into(),
        class: Class::Standard,
        limit: 10,
        room: Room::default(),
        lease: Duration::from_secs(60),
    }]
}

fn ended(job: &ClaimedJob, verdict: Verdict, drift: Option<Found>) -> Settlement {
    Settlement {
        job: job.job,
        fence: job.fence,
        class: job.class,
        verdict,
        shown: Some(Shown {
            fingerprint: "as desired".into(),
            ..Shown::default()
        }),
        started_at: job.released_at,
        requests: 1,
        exchanges: Vec::new(),
        wrote: false,
        look_after: None,
        looked: job.ended.is_some(),
        drift,
    }
}

/// A post that somebody changed at the blog.
pub(crate) async fn drifted(house: &House, content_id: &str, kind: Drift) {
    let body = json!({ "content_id": content_id, "payload": { "title": content_id } });
    house.publish(content_id, body).await.ok(202);
    let job = house.store.claim(want()).await.unwrap().jobs.remove(0);
    let name = format!("posts/{content_id}");
    let change = EffectChange {
        job: job.job,
        fence: job.fence,
        key: ENTRY,
        result_ref: Some(name.clone()),
    };
    house.store.record(vec![change]).await.unwrap();
    let live = ended(&job, Verdict::Live(Evidence::ReadBack), None);
    house.store.settle(vec![live]).await.unwrap();
    let soon = house.store.check_soon("blog", &name, Duration::ZERO);
    soon.await.unwrap();
    let look = house.store.claim_looks(want()).await.unwrap();
    let found = Found {
        kind,
        fingerprint: (kind != Drift::Missing).then(|| "by hand".into()),
    };
    let checked = ended(&look.jobs[0], Verdict::Superseded, Some(found));
    house.store.settle(vec![checked]).await.unwrap();
}

#[tokio::test]
async fn a_reconciliation_is_begun_seen_and_ended_by_operators() {
    let house = open().await;
    let path = "/v1/reconciliations";
    let blog = json!({ "destination": "blog", "dry_run": true });
    let refused = post(&house, "editor", path, blog.clone()).await;
    refused.problem(403, "forbidden");
    let begun = post(&house, "operator", path, blog.clone()).await.ok(202);
    let document = house.get("/openapi.json").await.ok(200);
    let schema = &document["components"]["schemas"]["Reconciliation"];
    conform(&document, schema, &begun, "Reconciliation");
    assert_eq!(
        (&begun["state"], &begun["dry_run"]),
        (&json!("running"), &json!(true))
    );
    let again = post(&house, "operator", path, blog).await.ok(200);
    assert_eq!(again, begun, "one at a time");

    let id = begun["reconciliation_id"].as_str().unwrap();
    let one = format!("{path}/{id}");
    assert_eq!(house.get(&one).await.ok(200), begun);
    let listed = house.get(&format!("{path}?destination=blog")).await.ok(200);
    assert_eq!(listed["items"], json!([begun]));
    let none = house.get(&format!("{path}?destination=hook")).await.ok(200);
    assert_eq!(none["items"], json!([]));
    house
        .get(&format!("{path}?destinations=blog"))
        .await
        .problem(422, "invalid_request");

    let abort = format!("{one}/abort");
    post(&house, "editor", &abort, json!({}))
        .await
        .problem(403, "forbidden");
    let aborted = post(&house, "operator", &abort, json!({})).await.ok(200);
    assert_eq!(aborted["state"], "aborted");
    assert_eq!(aborted["why"], "aborted by token:operator");
    assert_eq!(house.get(&one).await.ok(200), aborted);
    house.store.seal(Duration::MAX).await.unwrap();
    let events = house
        .get("/v1/events?type=reconciliation_ended")
        .await
        .ok(200);
    let schema = &document["components"]["schemas"]["LogEntry"];
    conform(&document, schema, &events["items"][0], "LogEntry");
    assert_eq!(events["items"][0]["outcome"], "aborted");
    let unknown = house.get(&format!("{path}/rec_0000000z")).await;
    unknown.problem(404, "not_found");
}

#[tokio::test]
async fn only_what_can_be_read_and_is_the_callers_is_compared() {
    let house = open().await;
    let start = |name: &str| {
        let body = json!({ "destination": name });
        let house = &house;
        async move { post(house, "operator", "/v1/reconciliations", body).await }
    };
    let signal = start("hook").await.problem(422, "invalid_request");
    assert_eq!(signal["errors"][0]["path"], "destination");
    start("theirs").await.problem(404, "not_found");
    start("nowhere").await.problem(404, "not_found");
}

#[tokio::test]
async fn drift_is_listed_repaired_and_adopted() {
    let house = open().await;
    drifted(&house, "a", Drift::Missing).await;
    drifted(&house, "b", Drift::Diverged).await;
    drifted(&house, "c", Drift::Diverged).await;
    let document = house.get("/openapi.json").await.ok(200);
    let all = house.get("/v1/drift").await.ok(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
    let schema = &document["components"]["schemas"]["Drifted"];
    for item in all["items"].as_array().unwrap() {
        conform(&document, schema, item, "Drifted");
    }
    let others = house.get_as("other", "/v1/drift").await.ok(200);
    assert_eq!(others["items"], json!([]), "of another owner");
    let page = house.get("/v1/drift?kind=diverged&limit=1").await.ok(200);
    assert_eq!(page["items"][0]["content_id"], "b");
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("/v1/drift?kind=diverged&cursor={cursor}");
    let next = house.get(&next).await.ok(200);
    assert_eq!(next["items"][0]["content_id"], "c");
    assert_eq!(next["next_cursor"], json!(null));
    house
        .get("/v1/drift?kind=gone")
        .await
        .problem(422, "invalid_request");

    let (repair, adopt) = ("/v1/drift/repair", "/v1/drift/adopt");
    let b = json!({ "content_id": "b", "destination": "blog" });
    post(&house, "editor", adopt, b.clone())
        .await
        .problem(403, "forbidden");
    post(&house, "operator", repair, json!({}))
        .await
        .problem(422, "invalid_request");
    let mut dry = b.clone();
    dry["dry_run"] = true.into();
    let would = post(&house, "operator", repair, dry.clone()).await.ok(200);
    assert_eq!(would["items"][0]["outcome"], "would_queue");
    let would = post(&house, "operator", adopt, dry).await.ok(200);
    assert_eq!(would["items"][0]["outcome"], "would_adopt");
    assert_eq!(house.store.pressure().open_jobs, 0);

    let adopted = post(&house, "operator", adopt, b).await.ok(202);
    let schema = &document["components"]["schemas"]["Mended"];
    conform(&document, schema, &adopted, "Mended");
    assert_eq!(adopted["items"][0]["outcome"], "adopted");
    let missing = json!({ "kind": "missing" });
    let nothing = post(&house, "operator", adopt, missing.clone())
        .await
        .ok(202);
    assert_eq!(nothing["items"][0]["outcome"], "nothing_there");
    let all_at_blog = json!({ "destination": "blog" });
    let repaired = post(&house, "operator", repair, all_at_blog.clone())
        .await
        .ok(202);
    conform(&document, schema, &repaired, "Mended");
    assert_eq!(repaired["items"].as_array().unwrap().len(), 2);
    assert_eq!(repaired["items"][0]["outcome"], "queued");
    let again = post(&house, "operator", repair, all_at_blog).await.ok(202);
    assert_eq!(again["items"][0]["outcome"], "open");
    assert_eq!(again["items"][0]["job_id"], repaired["items"][0]["job_id"]);
    let wants = vec![Want {
        class: Class::Reconcile,
        ..want().remove(0)
    }];
    let jobs = house.store.claim(wants).await.unwrap().jobs;
    assert!(jobs.len() == 2 && jobs.iter().all(|job| job.overwrites == Some(true)));
}
