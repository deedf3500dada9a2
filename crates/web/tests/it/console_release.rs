//! A release rolled back in the console: what goes back was shown, and what was published since stays.

use serde_json::json;
use slugline_core::lifecycle::{Evidence, Verdict};

use crate::console::mark;
use crate::house::{House, Seen};

const PLACES: [&str; 2] = ["blog", "hook"];

async fn version(house: &House, id: &str, version: i64) {
    let title = format!("{id} {version}");
    let body = json!({ "content_id": id, "version": version, "destinations": PLACES, "payload": { "title": title } });
    let key = format!("{id}-{version}");
    house.publish(&key, body).await.ok(202);
    for place in PLACES {
        house.run_at(place, Verdict::Live(Evidence::ReadBack)).await;
    }
}

/// What stands in fields of this name.
fn values(seen: &Seen, before: &str) -> Vec<String> {
    let fields = seen.text().split(before).skip(1);
    let value = |rest: &str| rest.split('"').next().unwrap().replace('|', "%7C");
    fields.map(value).collect()
}

fn form(seen: &Seen) -> String {
    let items = values(seen, "type=\"hidden\" name=\"item\" value=\"");
    let items: String = items.iter().map(|item| format!("&item={item}")).collect();
    format!("csrf={}{items}", mark(seen))
}

#[tokio::test]
async fn what_is_ticked_goes_back_and_what_is_newer_stays() {
    let house = House::open().await;
    for (id, versions) in [("a", 2), ("b", 2), ("c", 1)] {
        for number in 1..=versions {
            version(&house, id, number).await;
        }
    }
    let cookie = house.signed_in("operator").await;
    let list = house.page(&cookie, "/content").await;
    let ticked = values(&list, "type=\"checkbox\" name=\"item\" value=\"");
    assert_eq!(ticked.len(), 3, "{}", list.text());
    let path = format!("/content-release?item={}", ticked.join("&item="));
    let preview = house.page(&cookie, &path).await;
    for said in [
        "Roll back 2 contents?",
        "“a 1”, comes back at blog, hook",
        "left alone",
    ] {
        assert!(preview.text().contains(said), "{said}: {}", preview.text());
    }
    // One is published while the question stands.
    version(&house, "b", 3).await;
    let done = house
        .form(&cookie, "/content-release", &form(&preview))
        .await;
    assert!(done.text().contains("1 of 2 done"), "{}", done.text());
    for place in PLACES {
        let job = house.run_at(place, Verdict::Live(Evidence::ReadBack)).await;
        assert_eq!(job.payload.title, "a 1");
    }
    let again = house
        .form(&cookie, "/content-release", &form(&preview))
        .await;
    assert!(again.text().contains("0 of 2 done"), "{}", again.text());
    assert_eq!(house.claim().await.len(), 0);
}

#[tokio::test]
async fn it_goes_back_where_it_was_asked_for() {
    let house = House::open().await;
    version(&house, "a", 1).await;
    version(&house, "a", 2).await;
    let cookie = house.signed_in("operator").await;
    let path = "/content-release?at=hook&item=%7C2%7Cproduction%7Cen%7Ca";
    let preview = house.page(&cookie, path).await;
    assert!(preview.text().contains("Roll back 1 content at hook?"));
    let form = format!("{}&at=hook", form(&preview));
    let done = house.form(&cookie, "/content-release", &form).await;
    assert!(done.text().contains("1 of 1 done"), "{}", done.text());
    house
        .run_at("hook", Verdict::Live(Evidence::ReadBack))
        .await;
    assert_eq!(house.claim().await.len(), 0, "the blog keeps what it has");
}

#[tokio::test]
async fn what_is_no_content_of_ours_and_whoever_may_not_is_refused() {
    let house = House::open().await;
    let operator = house.signed_in("operator").await;
    let nothing = house.page(&operator, "/content-release").await;
    assert!(nothing.text().contains("Nothing is chosen."));
    let unknown = "/content-release?item=%7C%7Cproduction%7Cen%7Cnobody";
    let unknown = house.page(&operator, unknown).await;
    assert!(unknown.text().contains("Nothing to roll back"));
    for strange in ["x", "a%7Cb%7Cc%7Cd%7Ce", "%7C%7Cproduction"] {
        let path = format!("/content-release?item={strange}");
        assert_eq!(house.page(&operator, &path).await.status, 422, "{strange}");
    }
    let viewer = house.signed_in("viewer").await;
    let list = house.page(&viewer, "/content").await;
    assert!(!list.text().contains("Roll back"));
    assert_eq!(house.page(&viewer, "/content-release").await.status, 403);
    let form = format!("csrf={}&item=%7C1%7Cproduction%7Cen%7Ca", mark(&list));
    let refused = house.form(&viewer, "/content-release", &form).await;
    assert_eq!(refused.status, 403);
}
