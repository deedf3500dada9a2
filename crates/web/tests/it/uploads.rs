//! `POST /v1/media`.

use axum::body::Body;
use serde_json::json;

use crate::house::{House, Seen, request};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

async fn upload(house: &House, content_type: &str, bytes: impl Into<Body>) -> Seen {
    let request = request("POST", "/v1/media", "editor").header("content-type", content_type);
    house.send(request.body(bytes.into()).unwrap()).await
}

#[tokio::test]
async fn bytes_are_kept_once_and_named_by_a_publish() {
    let house = House::open().await;
    let kept = upload(&house, "image/png", PNG).await.ok(201);
    assert_eq!(
        (kept["content_type"].as_str(), kept["size"].as_u64()),
        (Some("image/png"), Some(PNG.len() as u64))
    );
    assert_eq!(
        upload(&house, "application/octet-stream", PNG)
            .await
            .ok(200),
        kept
    );

    let media = json!([{ "role": "hero", "sha256": kept["sha256"], "filename": "hero.png" }]);
    let body = json!({ "content_id": "post", "payload": { "title": "T", "media": media } });
    assert_eq!(house.publish("k", body).await.ok(202)["state"], "queued");
    let revisions = house.get("/v1/content/post/revisions").await.ok(200);
    assert_eq!(revisions["items"][0]["media"][0]["sha256"], kept["sha256"]);
}

#[tokio::test]
async fn what_lies_about_its_type_is_not_kept() {
    let house = House::open().await;
    upload(&house, "image/png", "<!doctype html><title>404</title>")
        .await
        .problem(422, "invalid_request");
    upload(&house, "text/html", PNG)
        .await
        .problem(422, "invalid_request");
    upload(&house, "image/png", "")
        .await
        .problem(422, "invalid_request");
    let sha256 = slugline_core::media::sha256(PNG);
    assert_eq!(house.store.media_info(&sha256).await.unwrap(), None);
}

#[tokio::test]
async fn a_medium_that_is_too_large_is_refused_while_it_comes() {
    let house = House::open().await;
    let megabyte = vec![0_u8; 1024 * 1024];
    let endless =
        futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(megabyte.clone()));
    upload(&house, "image/png", Body::from_stream(endless))
        .await
        .problem(413, "too_large");
}
