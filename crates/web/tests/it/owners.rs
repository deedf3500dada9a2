//! Who may do what, and who sees what.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::house::{House, request};

#[tokio::test]
async fn nobody_comes_in_without_a_known_token() {
    let house = House::open().await;
    let ask = async |authorization: Option<&str>| {
        let mut request = Request::builder().uri("/v1/publishes");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        house.send(request.body(Body::empty()).unwrap()).await
    };
    for authorization in [
        None,
        Some("Bearer wrong"),
        Some("Basic dmlld2VyOg=="),
        Some("Bearer"),
        Some("viewer"),
    ] {
        let seen = ask(authorization).await;
        seen.problem(401, "unauthorized");
        assert_eq!(seen.header("www-authenticate"), "Bearer realm=\"slugline\"");
    }
    ask(Some("Bearer viewer")).await.ok(200);
}

#[tokio::test]
async fn a_role_includes_the_lower_ones_and_no_higher() {
    let house = House::open().await;
    let body = json!({ "content_id": "post", "payload": { "title": "T" } }).to_string();
    let publish = async |token: &str| {
        let request =
            request("POST", "/v1/publish", token).header("idempotency-key", format!("by-{token}"));
        house
            .send(request.body(Body::from(body.clone())).unwrap())
            .await
    };
    let problem = publish("viewer").await.problem(403, "forbidden");
    assert_eq!(problem["needs_role"], "editor");
    for token in ["editor", "operator", "admin"] {
        publish(token).await.ok(202);
    }
    let problem = house
        .get_as("operator", "/v1/tokens")
        .await
        .problem(403, "forbidden");
    assert_eq!(problem["needs_role"], "admin");
    house.get_as("admin", "/v1/tokens").await.ok(200);
}

#[tokio::test]
async fn a_refused_role_is_refused_before_the_body_is_read() {
    let house = House::open().await;
    let endless = Body::from_stream(futures_util::stream::pending::<
        Result<String, std::io::Error>,
    >());
    house
        .send(
            request("POST", "/v1/publish", "viewer")
                .body(endless)
                .unwrap(),
        )
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn an_owner_sees_its_own_things_only() {
    let house = House::open().await;
    let accepted = house
        .publish(
            "r-1",
            json!({ "content_id": "post", "payload": { "title": "T" } }),
        )
        .await
        .ok(202);
    let publish = format!("/v1/publishes/{}", accepted["publish_id"].as_str().unwrap());
    let job = format!(
        "/v1/jobs/{}",
        accepted["jobs"][0]["job_id"].as_str().unwrap()
    );
    let single = [
        publish.as_str(),
        job.as_str(),
        "/v1/publishes/r-1",
        "/v1/content/post",
        "/v1/content/post/revisions",
        "/v1/content/post/timeline",
    ];
    for path in single {
        house.get(path).await.ok(200);
        house.get_as("other", path).await.problem(404, "not_found");
    }
    for path in ["/v1/publishes", "/v1/events", "/v1/events?content_id=post"] {
        assert_ne!(house.get(path).await.ok(200)["items"], json!([]));
        assert_eq!(
            house.get_as("other", path).await.ok(200)["items"],
            json!([])
        );
    }
}

#[tokio::test]
async fn the_same_key_and_slug_of_another_owner_are_its_own() {
    let house = House::open().await;
    let body = json!({ "content_id": "post", "payload": { "title": "T", "slug": "same" } });
    house.publish("r-1", body.clone()).await.ok(202);
    let request = request("POST", "/v1/publish", "other").header("idempotency-key", "r-1");
    let seen = house
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await;
    assert_eq!(seen.ok(202)["status"], "ok");
}
