//! Many dead letters at once in the console: what is touched was shown, and what has moved on is left alone.

use serde_json::json;
use slugline_core::lifecycle::{Evidence, Verdict};

use crate::console::mark;
use crate::house::{House, Seen};
use crate::operator::dead;

/// The fields of the form that a page confirms with, as a browser would send them.
fn confirmation(seen: &Seen) -> String {
    let text = seen.text();
    let begin = text.find("<form method=\"post\" action=\"/slugline/dead-letters/act\">");
    let form = text[begin.unwrap()..].split("</form>").next().unwrap();
    let inputs = form
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|input| {
            let (name, rest) = input.split_once("\" value=\"").unwrap();
            format!("{name}={}", rest.split('"').next().unwrap())
        });
    inputs.collect::<Vec<_>>().join("&")
}

/// The boxes that can be ticked on a page.
fn picks(seen: &Seen) -> Vec<String> {
    let text = seen.text();
    let boxes = text
        .split("type=\"checkbox\" name=\"job\" value=\"")
        .skip(1);
    boxes
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

async fn three() -> House {
    let house = House::open().await;
    for id in ["a", "b", "c"] {
        let body = json!({ "content_id": id, "version": 1, "destinations": ["blog"], "payload": { "title": id } });
        house.publish(&format!("r-{id}"), body).await.ok(202);
        house.run(dead()).await;
    }
    house
}

async fn state_of(house: &House, pick: &str) -> String {
    let job = pick.split('.').next().unwrap();
    let job = house.get(&format!("/v1/jobs/{job}")).await.ok(200);
    job["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_ticked_is_shown_then_done_and_what_moved_on_is_left_alone() {
    let house = three().await;
    let cookie = house.signed_in("operator").await;
    let list = house.page(&cookie, "/dead-letters").await;
    let ticked = picks(&list);
    assert_eq!(ticked.len(), 3, "{}", list.text());
    let path = format!(
        "/dead-letters/act?do=retry&job={}&job={}&job={}",
        ticked[0], ticked[1], ticked[0]
    );
    let preview = house.page(&cookie, &path).await;
    assert!(
        preview.text().contains("Retry 2 dead letters?"),
        "{}",
        preview.text()
    );
    assert_eq!(
        state_of(&house, &ticked[0]).await,
        "failed",
        "a preview touches nothing"
    );
    let form = confirmation(&preview);
    let done = house
        .form(
            &cookie,
            "/dead-letters/act",
            &format!("{form}&note=all+of+them"),
        )
        .await;
    assert!(done.text().contains("2 of 2 done"), "{}", done.text());
    for (pick, state) in [(0, "queued"), (1, "queued"), (2, "failed")] {
        assert_eq!(state_of(&house, &ticked[pick]).await, state);
    }
    let notes = house.get("/v1/content/c/notes").await.ok(200);
    assert_eq!(notes["items"][0]["text"], "all of them");
    // Another tab has the same question still.
    let late = house.form(&cookie, "/dead-letters/act", &form).await;
    assert!(late.text().contains("0 of 2 done"), "{}", late.text());
    assert!(late.text().contains("it is queued; only a dead letter"));
    let asked = house.page(&cookie, &path).await;
    assert!(
        asked.text().contains("Nothing to retry"),
        "{}",
        asked.text()
    );
    assert!(!asked.text().contains("<textarea"));
    // They fail again: what was seen of the first failure counts for nothing.
    house.run(dead()).await;
    let skip = house
        .page(
            &cookie,
            &format!(
                "/dead-letters/act?do=skip&job={}&job={}",
                ticked[1], ticked[2]
            ),
        )
        .await;
    assert!(
        skip.text().contains("Skip 1 dead letter?"),
        "{}",
        skip.text()
    );
    assert!(skip.text().contains("left alone") || skip.text().contains("What is left alone"));
}

#[tokio::test]
async fn all_that_match_are_named_before_they_are_touched() {
    let house = three().await;
    let cookie = house.signed_in("operator").await;
    let narrow = house
        .page(&cookie, "/dead-letters/act?do=skip&all=yes&content=b")
        .await;
    assert!(
        narrow.text().contains("Skip 1 dead letter?"),
        "{}",
        narrow.text()
    );
    let all = house
        .page(&cookie, "/dead-letters/act?do=skip&all=yes&destination=blog&class=standard&reason=invalid_content")
        .await;
    assert!(
        all.text().contains("Skip 3 dead letters?"),
        "{}",
        all.text()
    );
    // One that fails after the question is no part of the answer.
    let body = json!({ "content_id": "d", "version": 1, "destinations": ["blog"], "payload": { "title": "d" } });
    house.publish("r-d", body).await.ok(202);
    house.run(dead()).await;
    let done = house
        .form(&cookie, "/dead-letters/act", &confirmation(&all))
        .await;
    assert!(done.text().contains("3 of 3 done"), "{}", done.text());
    let rest = house.page(&cookie, "/dead-letters").await;
    assert_eq!(picks(&rest).len(), 1, "{}", rest.text());
    for none in [
        "age=1h",
        "class=bulk",
        "reason=throttled",
        "environment=staging",
        "request=r-a",
    ] {
        let seen = house.page(&cookie, &format!("/dead-letters?{none}")).await;
        assert!(seen.text().contains("No dead letter matches."), "{none}");
    }
    for strange in ["age=soon", "class=happy", "reason=because", "cursor=x"] {
        let seen = house
            .page(&cookie, &format!("/dead-letters?{strange}"))
            .await;
        assert_eq!(seen.status, 422, "{strange}");
    }
}

#[tokio::test]
async fn a_revert_says_what_would_come_back_or_why_nothing_can() {
    let house = House::open().await;
    let body = |version: i64, title: &str| json!({ "content_id": "a", "version": version, "destinations": ["blog"], "payload": { "title": title } });
    house.publish("r-1", body(1, "the good one")).await.ok(202);
    house.live().await;
    house.publish("r-2", body(2, "bad")).await.ok(202);
    house.run(dead()).await;
    let body = json!({ "content_id": "b", "version": 1, "destinations": ["blog"], "payload": { "title": "b" } });
    house.publish("r-3", body).await.ok(202);
    house.run(dead()).await;
    let cookie = house.signed_in("operator").await;
    let preview = house
        .page(&cookie, "/dead-letters/act?do=revert&all=yes")
        .await;
    assert!(
        preview.text().contains("Revert 1 dead letter?"),
        "{}",
        preview.text()
    );
    assert!(preview.text().contains("the good one") && preview.text().contains("nothing older"));
    let form = confirmation(&preview);
    let done = house.form(&cookie, "/dead-letters/act", &form).await;
    assert!(done.text().contains("1 of 1 done"), "{}", done.text());
    assert_eq!(house.live().await.payload.title, "the good one");
    let late = house.form(&cookie, "/dead-letters/act", &form).await;
    assert!(late.text().contains("0 of 1 done"), "{}", late.text());
}

/// Each goes back where it failed; what the first one made is no newer version that somebody else has published.
#[tokio::test]
async fn an_item_that_failed_at_two_destinations_goes_back_at_both() {
    let house = House::open().await;
    let body = |version: i64| json!({ "content_id": "a", "version": version, "destinations": ["blog", "hook"], "payload": { "title": "a" } });
    let live = || Verdict::Live(Evidence::ReadBack);
    for (version, verdict) in [(1, &live as &dyn Fn() -> Verdict), (2, &dead)] {
        house
            .publish(&format!("r-{version}"), body(version))
            .await
            .ok(202);
        for destination in ["blog", "hook"] {
            house.run_at(destination, verdict()).await;
        }
    }
    let cookie = house.signed_in("operator").await;
    let preview = house
        .page(&cookie, "/dead-letters/act?do=revert&all=yes")
        .await;
    let form = confirmation(&preview);
    let done = house.form(&cookie, "/dead-letters/act", &form).await;
    assert!(done.text().contains("2 of 2 done"), "{}", done.text());
}

#[tokio::test]
async fn who_may_not_is_neither_offered_it_nor_let_do_it() {
    let house = three().await;
    let operator = house.signed_in("operator").await;
    let preview = house
        .page(&operator, "/dead-letters/act?do=skip&all=yes")
        .await;
    let form = confirmation(&preview);
    let viewer = house.signed_in("viewer").await;
    let list = house.page(&viewer, "/dead-letters").await;
    assert!(picks(&list).is_empty() && list.text().contains("Dead letters"));
    let asked = house
        .page(&viewer, "/dead-letters/act?do=skip&all=yes")
        .await;
    assert_eq!(asked.status, 403);
    let own = form.replace(&mark(&preview), &mark(&list));
    for (cookie, form) in [(&viewer, &own), (&viewer, &form), (&operator, &own)] {
        let seen = house.form(cookie, "/dead-letters/act", form).await;
        assert_eq!(seen.status, 403);
    }
    let csrf = mark(&preview);
    for (body, status) in [
        (format!("csrf={csrf}&do=dance&job=job_00000001.1"), 422),
        (format!("csrf={csrf}&do=skip&job=everything"), 422),
    ] {
        let seen = house.form(&operator, "/dead-letters/act", &body).await;
        assert_eq!(seen.status, status, "{body}");
    }
    // Another owner's jobs are none that it knows.
    let none = format!("csrf={csrf}&do=skip&job=job_0000zzzz.1");
    let seen = house.form(&operator, "/dead-letters/act", &none).await;
    assert!(seen.text().contains("0 of 1 done"), "{}", seen.text());
    assert_eq!(
        house.get("/v1/dead-letters").await.ok(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
