//! An open page follows what happens: what came between the page and its stream is not missed.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use serde_json::json;
use tower::ServiceExt;

use crate::house::House;

impl House {
    async fn follow(&self, cookie: &str, path: &str) -> BodyDataStream {
        let request = Request::get(path).header("cookie", cookie);
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().into_data_stream()
    }
}

/// What a stream says at once; `None` when it begins to wait instead.
async fn said(house: &House, mut stream: BodyDataStream) -> Option<String> {
    tokio::select! {
        part = stream.next() => Some(String::from_utf8(part.unwrap().unwrap().to_vec()).unwrap()),
        () = house.clock.waits() => None,
    }
}

#[tokio::test]
async fn what_happened_after_the_page_was_made_is_told_at_once() {
    let house = House::open().await;
    let cookie = house.signed_in("viewer").await;
    let page = house.page(&cookie, "/content").await;
    let end = page.text().split("data-end=\"").nth(1).unwrap();
    let end = end.split('"').next().unwrap();
    let before = format!("/live?after={end}");
    assert_eq!(
        said(&house, house.follow(&cookie, &before).await).await,
        None
    );
    let body = json!({ "content_id": "a", "payload": { "title": "T" } });
    house.publish("r-1", body).await.ok(202);
    // The end of the log is asked for all streams together, and then counts for a moment.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    let told = said(&house, house.follow(&cookie, &before).await).await;
    assert!(
        told.as_deref()
            .is_some_and(|told| told.contains("event: news")),
        "{told:?}"
    );
    assert_eq!(
        said(&house, house.follow(&cookie, "/live").await).await,
        None,
        "who says nothing hears of what comes"
    );
    assert_eq!(
        said(&house, house.follow(&cookie, "/live?after=999999").await).await,
        None,
        "nobody is ahead of the log"
    );
}
