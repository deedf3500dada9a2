//! Sources and webhooks as operators see them: what failed, what cannot be asked, and what was erased.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use slugline_engine::webhooks::SourceSettings;

use crate::console::mark;
use crate::house::{House, Plan, SECRET, source};

/// What was kept of a body that came to `cms`.
async fn bring(house: &House, body: String) -> Value {
    let hook = Request::post("/hooks/cms").header("authorization", format!("Bearer {SECRET}"));
    let seen = house.send(hook.body(Body::from(body)).unwrap()).await;
    assert!(seen.status.is_success(), "{}", seen.text());
    seen.json()
}

fn told(event: &str, at: &str) -> String {
    let told = json!({
        "event": event, "createdAt": at, "model": "article", "uid": "api::article.article",
        "entry": {"id": 1, "documentId": "a", "title": "zanzibar", "locale": "de", "publishedAt": at}
    });
    told.to_string()
}

#[tokio::test]
async fn a_webhook_that_failed_needs_somebody() {
    let house = House::open().await;
    let cookie = house.signed_in("operator").await;
    let calm = house.page(&cookie, "/").await;
    assert!(
        calm.text().contains("no failed webhooks"),
        "{}",
        calm.text()
    );
    let (good, bad) = (
        bring(&house, told("entry.publish", "2026-11-21T09:10:00.000Z")).await,
        bring(&house, "{".into()).await,
    );
    let page = house.page(&cookie, "/").await;
    let link = "<a href=\"/slugline/sources?state=failed\">1 webhook</a> could not be dealt with";
    assert!(page.text().contains(link), "{}", page.text());
    let failed = house.page(&cookie, "/sources?state=failed").await;
    let has = |told: &Value| failed.text().contains(told["webhook_id"].as_str().unwrap());
    assert!(has(&bad) && !has(&good), "{}", failed.text());
    let odd = house.page(&cookie, "/sources?state=odd").await;
    assert_eq!(odd.status, 422);
    assert!(odd.text().contains("is no state of a webhook"));
}

/// A source that is asked what it has, where nobody answers.
fn unreachable() -> Vec<SourceSettings> {
    let api = r#"api = { url = "https://www.example.com", types = ["article"] }"#;
    vec![SourceSettings {
        poll: Some(Duration::from_secs(60)),
        ..source("news", "drupal", api, SECRET)
    }]
}

#[tokio::test]
async fn a_source_that_cannot_be_asked_needs_somebody() {
    let house = House::build(Plan {
        sources: unreachable,
        ..Plan::default()
    })
    .await;
    // The first asking notes only from when on.
    for _ in 0..2 {
        assert_eq!(house.webhooks.poll().await, Ok(0));
        house.clock.advance(Duration::from_secs(61));
    }
    let cookie = house.signed_in("viewer").await;
    for page in ["/", "/sources"] {
        let seen = house.page(&cookie, page).await;
        let told = seen.text().contains("could not be asked what is new there");
        assert!(told, "{page}: {}", seen.text());
    }
}

#[tokio::test]
async fn nobody_deals_with_a_webhook_whose_words_were_erased() {
    let house = House::open().await;
    let came = bring(&house, told("entry.publish", "2026-11-21T09:10:00.000Z")).await;
    house.live().await;
    bring(&house, told("entry.unpublish", "2026-11-21T09:20:00.000Z")).await;
    house.live().await;
    let cookie = house.signed_in("operator").await;
    let path = format!("/webhooks/{}", came["webhook_id"].as_str().unwrap());
    let before = house.page(&cookie, &path).await;
    assert!(before.text().contains("zanzibar"), "{}", before.text());
    let why = json!({ "reason": "letter 7", "locale": "de" });
    let erased = house.post_as("admin", "/v1/content/cms:a/erase", why).await;
    assert_eq!(erased.ok(200)["webhooks"], 2);

    let page = house.page(&cookie, &path).await;
    assert!(
        page.text().contains("What came was erased"),
        "{}",
        page.text()
    );
    assert!(!page.text().contains("zanzibar"), "{}", page.text());
    assert!(!page.text().contains("/retry"), "nothing is offered");
    let seen = before
        .text()
        .split("name=\"seen\" value=\"")
        .nth(1)
        .unwrap();
    let seen = seen.split('"').next().unwrap();
    let body = format!("csrf={}&seen={seen}", mark(&before));
    let old = house.form(&cookie, &format!("{path}/retry"), &body).await;
    assert!(
        old.header("location").ends_with("said=stale"),
        "{}",
        old.text()
    );
    let retry = format!("/v1{path}/retry");
    let refused = house.post_as("operator", &retry, json!({})).await;
    refused.problem(409, "illegal_state");
}
