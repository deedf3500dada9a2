//! What operators do, through the doors.

use std::time::Duration;

use axum::body::Body;
use serde_json::{Value, json};
use slugline_core::connector::Shown;
use slugline_core::failure::Failure;
use slugline_core::item::Class;
use slugline_core::lifecycle::{Evidence, Verdict};
use slugline_core::reason::Reason;
use slugline_engine::store::{ClaimedJob, Room, Settlement, Want};

use crate::console::mark;
use crate::house::{House, Seen, request};

impl House {
    pub(crate) async fn post_as(&self, token: &str, path: &str, body: Value) -> Seen {
        let request = request("POST", path, token).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// At most one job of each class that may begin at the blog.
    pub(crate) async fn claim(&self) -> Vec<ClaimedJob> {
        self.claim_at("blog").await
    }

    async fn claim_at(&self, destination: &str) -> Vec<ClaimedJob> {
        let wants = [Class::Standard, Class::Urgent].map(|class| Want {
            destination: destination.into(),
            class,
            limit: 1,
            room: Room::default(),
            lease: Duration::from_secs(60),
        });
        self.store.claim(wants.into()).await.unwrap().jobs
    }

    pub(crate) async fn run(&self, verdict: Verdict) -> ClaimedJob {
        self.run_at("blog", verdict).await
    }

    pub(crate) async fn run_at(&self, destination: &str, verdict: Verdict) -> ClaimedJob {
        let mut jobs = self.claim_at(destination).await;
        assert_eq!(jobs.len(), 1, "one job is due");
        let job = jobs.remove(0);
        let settlement = Settlement {
            job: job.job,
            fence: job.fence,
            class: job.class,
            verdict,
            shown: Some(Shown::default()),
            started_at: self.store.now(),
            requests: 1,
            exchanges: Vec::new(),
            wrote: true,
            look_after: None,
            looked: false,
            drift: None,
        };
        assert!(self.store.settle(vec![settlement]).await.unwrap()[0]);
        job
    }

    pub(crate) async fn live(&self) -> ClaimedJob {
        self.run(Verdict::Live(Evidence::ReadBack)).await
    }
}

pub(crate) fn dead() -> Verdict {
    Verdict::Dead(Failure::new(
        Reason::InvalidContent,
        "the title is too long",
    ))
}

pub(crate) fn post(version: i64, title: &str) -> Value {
    json!({ "content_id": "a", "version": version, "destinations": ["blog"], "payload": { "title": title } })
}

#[tokio::test]
async fn a_dead_letter_is_found_and_tried_again() {
    let house = House::open().await;
    house.publish("r-1", post(1, "one")).await.ok(202);
    let job = house.run(dead()).await.job;
    let list = house
        .get("/v1/dead-letters?reason=invalid_content&destination=blog")
        .await
        .ok(200);
    let letter = &list["items"][0];
    assert_eq!(letter["job_id"], job.to_string());
    assert_eq!(letter["suggested_action"], "edit_then_retry");
    assert_eq!(
        (&letter["runs"], &letter["content_id"]),
        (&json!(1), &json!("a"))
    );
    for other in [
        "reason=throttled",
        "destination=shop",
        "content_id=b",
        "class=bulk",
        "environment=staging",
    ] {
        let list = house
            .get(&format!("/v1/dead-letters?{other}"))
            .await
            .ok(200);
        assert_eq!(list["items"], json!([]), "{other}");
    }
    let retry = format!("/v1/jobs/{job}/retry");
    house
        .post_as("viewer", &retry, json!({}))
        .await
        .problem(403, "forbidden");
    let stale = json!({ "runs": 0 });
    house
        .post_as("admin", &retry, stale)
        .await
        .problem(409, "changed_meanwhile");
    let now = house
        .post_as("admin", &retry, json!({ "runs": 1, "note": "try" }))
        .await
        .ok(200);
    assert_eq!(now["state"], "queued");
    house
        .post_as("admin", &retry, json!({}))
        .await
        .problem(409, "illegal_state");
    let notes = house.get("/v1/content/a/notes").await.ok(200);
    assert_eq!(
        (&notes["items"][0]["text"], &notes["items"][0]["kind"]),
        (&json!("try"), &json!("reason"))
    );
    house.live().await;
    assert_eq!(
        house.get("/v1/dead-letters").await.ok(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_bad_version_is_rolled_back_once() {
    let house = House::open().await;
    house.publish("r-1", post(1, "good")).await.ok(202);
    house.live().await;
    house.publish("r-2", post(2, "bad")).await.ok(202);
    let bad = house.live().await;
    let rollback = "/v1/content/a/rollback";
    let plan = house
        .post_as("admin", rollback, json!({ "dry_run": true }))
        .await
        .ok(200);
    assert_eq!(
        (&plan["from"], &plan["to"], &plan["title"]),
        (&json!(2), &json!(1), &json!("good"))
    );
    house
        .post_as("admin", rollback, json!({ "generation": 1 }))
        .await
        .problem(409, "superseded");
    let seen = json!({ "generation": 2, "note": "the picture is wrong" });
    let first = house.post_as("admin", rollback, seen.clone()).await.ok(202);
    assert_eq!(first["generation"], 3);
    let again = house
        .post_as("admin", rollback, json!({ "generation": 2 }))
        .await;
    again.problem(409, "superseded");
    let run = house.live().await;
    assert_eq!((run.generation.0, run.payload.title.as_str()), (3, "good"));
    let job = house.get(&format!("/v1/jobs/{}", bad.job)).await.ok(200);
    assert_eq!(job["state"], "rolled_back");
    let late = house.publish("r-3", post(2, "bad")).await.ok(200);
    assert_eq!(late["status"], "duplicate");
    let none = house.post_as("admin", rollback, json!({})).await;
    none.problem(409, "nothing_to_restore");
}

/// A generation that was taken back while it waited for its hero never had it.
#[tokio::test]
async fn what_is_rolled_back_to_waits_for_media_that_were_never_fetched() {
    let house = House::open().await;
    let rollback = "/v1/content/a/rollback";
    let mut first = post(1, "one");
    first["payload"]["media"] = json!([{ "role": "hero", "url": "https://media.test/hero.png" }]);
    let first = house.publish("r-1", first).await.ok(202);
    let job = first["jobs"][0]["job_id"].as_str().unwrap().to_owned();
    let cancel = format!("/v1/jobs/{job}/cancel");
    house.post_as("admin", &cancel, json!({})).await.ok(200);
    // It went nowhere yet: it must not go where routes lead.
    let back = json!({ "to": 1, "generation": 1 });
    let nowhere = house.post_as("admin", rollback, back).await;
    nowhere.problem(409, "nothing_to_restore");
    house.publish("r-2", post(2, "two")).await.ok(202);
    house.live().await;
    let back = json!({ "to": 1, "generation": 2 });
    let back = house.post_as("admin", rollback, back).await.ok(202);
    let publish = back["publish_id"].as_str().unwrap();
    let publish = house.get(&format!("/v1/publishes/{publish}")).await.ok(200);
    let job = &publish["jobs"][0];
    assert_eq!(
        (&job["state"], &job["pending_reason"]),
        (&json!("pending"), &json!("media"))
    );
}

#[tokio::test]
async fn an_edited_dead_letter_is_a_new_generation() {
    let house = House::open().await;
    house.publish("r-1", post(1, "too long")).await.ok(202);
    let job = house.run(dead()).await.job;
    let edit = format!("/v1/jobs/{job}/edit");
    let empty = json!({ "payload": { "title": "" } });
    house
        .post_as("admin", &edit, empty)
        .await
        .problem(422, "invalid_request");
    let wanted = json!({ "payload": { "title": "short" }, "generation": 1, "note": "shortened" });
    let answer = house.post_as("admin", &edit, wanted.clone()).await.ok(202);
    assert_eq!(
        (&answer["generation"], &answer["version"]),
        (&json!(2), &json!(1))
    );
    let replayed = house.post_as("admin", &edit, wanted).await;
    assert!(
        replayed.json()["status"] == "duplicate",
        "{}",
        replayed.text()
    );
    assert_eq!(house.live().await.payload.title, "short");
    let conflict = house.publish("r-9", post(1, "something else")).await;
    conflict.problem(409, "version_conflict");
    let same = house.publish("r-10", post(1, "too long")).await.ok(200);
    assert_eq!(
        same["status"], "duplicate",
        "the producer's body is compared with the producer's"
    );
    assert_eq!(
        house.get("/v1/dead-letters").await.ok(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_page_retries_and_rolls_back_and_a_stale_one_changes_nothing() {
    let house = House::open().await;
    let cookie = house.signed_in("operator").await;
    house.publish("r-1", post(1, "good")).await.ok(202);
    let job = house.run(dead()).await.job;
    let path = format!("/jobs/{job}");
    let page = house.page(&cookie, &path).await;
    assert!(page.text().contains("value=\"retry\""), "{}", page.text());
    let csrf = mark(&page);
    let retry = format!("csrf={csrf}&do=retry&runs=1&note=try+again");
    let seen = house.form(&cookie, &format!("{path}/act"), &retry).await;
    assert_eq!(
        (
            seen.status.as_u16(),
            seen.header("location").ends_with("said=retried")
        ),
        (303, true)
    );
    house.run(dead()).await;
    // The second tab still shows the first failure.
    let stale = format!("csrf={csrf}&do=skip&runs=1");
    let seen = house.form(&cookie, &format!("{path}/act"), &stale).await;
    assert!(
        seen.header("location").ends_with("said=stale"),
        "{}",
        seen.header("location")
    );
    assert_eq!(
        house.get(&format!("/v1/jobs/{job}")).await.ok(200)["state"],
        "failed"
    );
    house.publish("r-2", post(2, "better")).await.ok(202);
    house.live().await;
    house.publish("r-3", post(3, "bad")).await.ok(202);
    house.live().await;
    let page = house.page(&cookie, "/content/a").await;
    assert!(page.text().contains("Roll back to this"));
    let back = format!("csrf={csrf}&content=a&environment=production&locale=en&seen=3&to=2");
    for said in ["said=rolling_back", "said=stale"] {
        let seen = house
            .form(&cookie, "/content-rollback", &format!("{back}&note={said}"))
            .await;
        assert!(
            seen.header("location").ends_with(said),
            "{} {}",
            seen.status,
            seen.header("location")
        );
    }
    assert_eq!(house.live().await.payload.title, "better");
    let viewer = house.signed_in("viewer").await;
    let page = house.page(&viewer, "/content/a").await;
    assert!(!page.text().contains("Roll back to this"));
    let csrf = mark(&page);
    let refused = house
        .form(
            &viewer,
            &format!("{path}/act"),
            &format!("csrf={csrf}&do=retry"),
        )
        .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_removal_has_no_content_to_edit() {
    let house = House::open().await;
    house.publish("r-1", post(1, "one")).await.ok(202);
    house.live().await;
    let removal = json!({ "content_id": "a", "version": 2, "action": "unpublish" });
    house.publish("r-2", removal).await.ok(202);
    let job = house.run(dead()).await.job;
    let wanted = json!({ "payload": { "title": "back" } });
    let edit = format!("/v1/jobs/{job}/edit");
    let refused = house.post_as("admin", &edit, wanted).await;
    refused.problem(409, "illegal_state");
    // What was live before the removal can come back.
    let reverted = house
        .post_as("admin", &format!("/v1/jobs/{job}/revert"), json!({}))
        .await;
    assert_eq!(reverted.ok(202)["generation"], 3);
    assert_eq!(house.live().await.payload.title, "one");
}
