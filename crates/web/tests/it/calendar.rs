//! What begins when, through the doors.

use serde_json::json;

use crate::house::House;

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
