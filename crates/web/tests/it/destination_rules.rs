//! Going back to what a destination would refuse by now: it is said before anything starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use slugline_core::failure::Failure;
use slugline_core::reason::Reason;

use crate::console::mark;
use crate::house::{House, Plan};
use crate::operator::{dead, post};

const OLD: &str = "a title from before the rule";

/// A house whose blog takes any title until it is strict, and short ones from then on.
async fn open() -> (House, Arc<AtomicBool>) {
    let strict = Arc::new(AtomicBool::new(false));
    let is_strict = Arc::clone(&strict);
    let plan = Plan {
        rules: Arc::new(move |work| {
            match is_strict.load(Ordering::SeqCst) && work.payload.title.len() > 10 {
                true => Err(
                    Failure::new(Reason::InvalidContent, "a title has at most 10 letters")
                        .with_fields(["payload.title".to_owned()]),
                ),
                false => Ok(()),
            }
        }),
        ..Plan::default()
    };
    (House::build(plan).await, strict)
}

/// What would have changed if anything had started.
async fn state(house: &House) -> (Value, u64) {
    let item = house.get("/v1/content/a").await.ok(200);
    (item, house.entries().await)
}

#[tokio::test]
async fn what_would_be_refused_is_said_and_nothing_starts() {
    let (house, strict) = open().await;
    house.publish("r-1", post(1, OLD)).await.ok(202);
    house.live().await;
    house.publish("r-2", post(2, "bad")).await.ok(202);
    house.live().await;
    strict.store(true, Ordering::SeqCst);
    let before = state(&house).await;
    let path = "/v1/content/a/rollback";
    for wanted in [
        json!({ "dry_run": true }),
        json!({}),
        json!({ "to": 1, "generation": 2 }),
    ] {
        let refused = house.post_as("admin", path, wanted).await;
        let said = refused.problem(422, "would_be_refused");
        assert_eq!(said["reason_code"], "invalid_content");
        assert_eq!(said["fields"], json!(["payload.title"]));
        let detail =
            "destination \"blog\" would refuse generation 1: a title has at most 10 letters";
        assert_eq!(said["detail"], detail);
    }
    let release = json!({ "items": [{ "content_id": "a" }] });
    let release = house.post_as("admin", "/v1/rollbacks", release).await;
    let release = release.ok(200);
    assert_eq!(release["begun"], false);
    assert_eq!(release["items"][0]["problem"]["code"], "would_be_refused");
    assert_eq!(state(&house).await, before);
    assert_eq!(house.claim().await.len(), 0);

    strict.store(false, Ordering::SeqCst);
    house.post_as("admin", path, json!({})).await.ok(202);
    assert_eq!(house.live().await.payload.title, OLD);
}

#[tokio::test]
async fn a_dead_letter_is_not_reverted_to_what_would_be_refused() {
    let (house, strict) = open().await;
    house.publish("r-1", post(1, OLD)).await.ok(202);
    house.live().await;
    house.publish("r-2", post(2, "bad")).await.ok(202);
    let job = house.run(dead()).await.job;
    strict.store(true, Ordering::SeqCst);
    let before = state(&house).await;
    let path = format!("/v1/jobs/{job}/revert");
    let revert = house.post_as("admin", &path, json!({})).await;
    revert.problem(422, "would_be_refused");

    let cookie = house.signed_in("operator").await;
    let bulk = house
        .page(&cookie, "/dead-letters/act?do=revert&all=yes")
        .await;
    assert!(
        bulk.text().contains("Nothing to revert") && bulk.text().contains("at most 10 letters"),
        "{}",
        bulk.text()
    );
    let page = house.page(&cookie, &format!("/jobs/{job}")).await;
    let form = format!("csrf={}&do=revert&runs=1", mark(&page));
    let said = house
        .form(&cookie, &format!("/jobs/{job}/act"), &form)
        .await;
    assert_eq!(said.status, 422);
    assert!(
        said.text().contains("Nothing was changed")
            && said.text().contains("would refuse generation 1"),
        "{}",
        said.text()
    );
    let content = house.page(&cookie, "/content/a").await;
    let form = format!(
        "csrf={}&content=a&environment=production&locale=en&seen=2&to=1",
        mark(&content)
    );
    let said = house.form(&cookie, "/content-rollback", &form).await;
    assert_eq!(said.status, 422);
    assert!(said.text().contains("at most 10 letters"));
    assert_eq!(state(&house).await, before);
    assert_eq!(house.claim().await.len(), 0);
}
