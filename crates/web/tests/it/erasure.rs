//! Erasing, and rolling a release back, through the doors.

use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn what_is_removed_is_erased_by_an_admin() {
    let house = House::open().await;
    house.publish("r-1", post("a", 1)).await.ok(202);
    house.live().await;
    let erase = "/v1/content/a/erase";
    let why = json!({ "reason": "letter 7" });
    let as_operator = house.post_as("operator", erase, why.clone()).await;
    let refused = as_operator.problem(403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("needs admin"));
    let early = house.post_as("admin", erase, why.clone()).await;
    let refused = early.problem(409, "illegal_state");
    assert_eq!(refused["destinations"], json!(["blog"]));
    let gone =
        json!({ "content_id": "a", "version": 2, "action": "unpublish", "destinations": ["blog"] });
    house.publish("r-2", gone).await.ok(202);
    house.live().await;
    for wrong in [
        json!({}),
        json!({ "reason": " " }),
        json!({ "reason": "x", "all": true }),
    ] {
        house
            .post_as("admin", erase, wrong)
            .await
            .problem(422, "invalid_request");
    }
    let done = house.post_as("admin", erase, why.clone()).await.ok(200);
    assert_eq!((&done["bodies"], &done["requests"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&done["generation"], &done["locale"]),
        (&json!(2), &json!("en"))
    );
    let item = house.get("/v1/content/a").await.ok(200)["items"][0].clone();
    assert_eq!(item["erased"]["generation"], 2);
    let revisions = house.get("/v1/content/a/revisions").await.ok(200);
    assert_eq!(revisions["items"][1]["erased"], true);
    assert_eq!(revisions["items"][1]["payload"], json!(null));
    let back = house
        .post_as("admin", "/v1/content/a/rollback", json!({ "to": 1 }))
        .await
        .problem(409, "nothing_to_restore");
    assert!(
        back["detail"]
            .as_str()
            .unwrap()
            .contains("erased on request")
    );
    let told = house.get("/v1/events?type=erased").await.ok(200);
    assert_eq!(told["items"][0]["actor"], "token:admin");
    house
        .post_as("admin", "/v1/content/nobody/erase", why)
        .await
        .problem(404, "not_found");
    house.publish("r-3", post("a", 3)).await.ok(202);
}

fn post(id: &str, version: i64) -> serde_json::Value {
    let title = format!("{id} {version}");
    json!({ "content_id": id, "version": version, "destinations": ["blog"], "payload": { "title": title } })
}

#[tokio::test]
async fn a_release_is_rolled_back_as_a_whole_or_not_at_all() {
    let house = House::open().await;
    for (key, id, version) in [
        ("a-1", "a", 1),
        ("b-1", "b", 1),
        ("a-2", "a", 2),
        ("b-2", "b", 2),
        ("c-1", "c", 1),
    ] {
        house.publish(key, post(id, version)).await.ok(202);
        house.live().await;
    }
    let path = "/v1/rollbacks";
    let of = |ids: &[&str]| {
        let items: Vec<_> = ids.iter().map(|id| json!({ "content_id": id })).collect();
        json!({ "items": items })
    };
    house
        .post_as("viewer", path, of(&["a"]))
        .await
        .problem(403, "forbidden");
    house
        .post_as("operator", path, of(&[]))
        .await
        .problem(422, "invalid_request");
    let all = house
        .post_as("operator", path, of(&["a", "c", "b"]))
        .await
        .ok(200);
    assert_eq!(all["begun"], false, "nothing older of c was live");
    assert_eq!(all["items"][0]["plan"]["to"], 1);
    assert_eq!(all["items"][1]["problem"]["code"], "nothing_to_restore");
    assert_eq!(
        house.get("/v1/content/a").await.ok(200)["items"][0]["generation"],
        2
    );
    let mut some = of(&["a", "c", "b"]);
    some["partial"] = json!(true);
    let some = house.post_as("operator", path, some).await.ok(200);
    assert_eq!(some["begun"], true);
    assert_eq!(some["items"][2]["answer"]["generation"], 3);
    let bodies = [
        house.live().await.payload.title,
        house.live().await.payload.title,
    ];
    assert_eq!(bodies, ["a 1", "b 1"]);
    let mut elsewhere = of(&["a"]);
    elsewhere["destinations"] = json!(["shop"]);
    let elsewhere = house.post_as("operator", path, elsewhere).await.ok(200);
    assert_eq!(elsewhere["items"][0]["problem"]["code"], "no_destination");
}
