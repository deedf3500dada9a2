//! What begins when, through the doors.

use std::time::Duration;

use serde_json::json;
use slugline_core::lane::LaneScope;
use slugline_core::pace::Pace;
use slugline_engine::store::Registration;

use crate::house::House;

#[tokio::test]
async fn a_slot_is_in_the_calendar_and_said_of_its_job() {
    let house = House::open().await;
    let one_a_day = Pace {
        daily_capacity: Some(1),
        windows: Vec::new(),
        time_zone: String::new(),
    };
    let blog = Registration {
        pace: Some(one_a_day),
        name: "blog".into(),
        lane: LaneScope::ItemLocale,
        request_timeout: Duration::from_secs(30),
        commit_window: None,
    };
    house.store.register(vec![blog]).await.unwrap();
    for id in ["first", "second"] {
        let body =
            json!({ "content_id": id, "destinations": ["blog"], "payload": { "title": id } });
        house.publish(&format!("r-{id}"), body).await.ok(202);
    }
    house.live().await;
    while house.get("/v1/calendar").await.ok(200)["items"] == json!([]) {
        assert_eq!(house.claim().await, [], "it is given a slot in its turn");
    }
    let cookie = house.signed_in("viewer").await;
    let page = house.page(&cookie, "/calendar").await;
    let text = page.text();
    assert!(
        text.contains("second") && text.contains("its slot there"),
        "{text}"
    );
    assert!(!text.contains(">first<"), "it is live: {text}");
    let job = house.page(&cookie, "/publishes/r-second").await;
    assert!(job.text().contains("gave it a slot"), "{}", job.text());
}

#[tokio::test]
async fn what_has_a_time_is_in_the_calendar() {
    let house = House::open().await;
    for (key, id, at) in [
        ("r-1", "late", "2026-11-25T10:00:00Z"),
        ("r-2", "soon", "2026-11-22T10:00:00Z"),
    ] {
        let body = json!({ "content_id": id, "publish_at": at, "destinations": ["blog"], "payload": { "title": id } });
        house.publish(key, body).await.ok(202);
    }
    let body =
        json!({ "content_id": "now", "destinations": ["blog"], "payload": { "title": "now" } });
    house.publish("r-3", body).await.ok(202);
    let all = house.get("/v1/calendar").await.ok(200);
    let ids: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["content_id"].clone())
        .collect();
    assert_eq!(ids, ["soon", "late"]);
    assert_eq!(
        (&all["items"][0]["by"], &all["more"]),
        (&json!("publish_at"), &json!(false))
    );
    assert_eq!(all["items"][0]["destinations"], json!(["blog"]));
    let one = house
        .get("/v1/calendar?from=2026-11-23T00:00:00Z&to=2026-11-30T00:00:00Z")
        .await
        .ok(200);
    assert_eq!(one["items"][0]["content_id"], "late");
    house
        .get("/v1/calendar?from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z")
        .await
        .problem(422, "invalid_request");
}
