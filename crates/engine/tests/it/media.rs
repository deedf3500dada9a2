//! Media by URL: fetched before release; what is wrong with them names the field.

use serde_json::json;
use slugline_core::http::{Response, SendError};
use slugline_core::lifecycle::JobState;
use slugline_core::reason::{Reason, SuggestedAction};
use slugline_engine::store::JobView;

use crate::house::{House, request};
use crate::network::MEDIA;

const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

fn answer(status: u16, content_type: &str, body: &'static [u8]) -> Result<Response, SendError> {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Ok(Response {
        status,
        headers,
        body: body.into(),
    })
}

/// Publishes an item whose hero's server answers so; the job's end.
async fn with_hero(answer: Result<Response, SendError>) -> (House, JobView) {
    let house = House::open(1).await;
    let url = format!("{MEDIA}/hero.png");
    house
        .network
        .media
        .lock()
        .unwrap()
        .insert(url.clone(), answer);
    let mut body = request("r", "item", 1);
    body["payload"]["media"] = json!([{ "role": "hero", "url": url }]);
    let view = house.ended(&house.publish(body).await).await;
    let job = view.jobs[0].clone();
    (house, job)
}

fn refused(job: &JobView, reason: Reason) {
    assert_eq!(
        (job.state, job.reason_code),
        (JobState::Failed, Some(reason)),
        "{job:?}"
    );
    assert_eq!(job.suggested_action, Some(SuggestedAction::EditThenRetry));
    assert_eq!(job.fields, ["payload.media[0].url"]);
}

#[tokio::test(start_paused = true)]
async fn a_hero_is_fetched_before_the_post_goes_out() {
    let (house, job) = with_hero(answer(200, "image/png", PNG)).await;
    assert_eq!(job.state, JobState::Live);
    let entries = house.network.blog.lock().unwrap().entries();
    assert_eq!(entries[0].hero.as_deref(), Some(PNG));
}

#[tokio::test(start_paused = true)]
async fn a_hero_that_lies_is_never_published() {
    let page = answer(200, "image/png", b"<!doctype html><p>Not found");
    let (house, job) = with_hero(page).await;
    refused(&job, Reason::MediaInvalid);
    assert!(house.network.blog.lock().unwrap().entries().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_gone_or_off_limits_is_said() {
    refused(
        &with_hero(Err(SendError::TooLarge(1 << 25))).await.1,
        Reason::MediaInvalid,
    );
    refused(
        &with_hero(Err(SendError::Refused(
            "redirects to 10.0.0.1, a private network".into(),
        )))
        .await
        .1,
        Reason::MediaRefused,
    );
    refused(
        &with_hero(answer(404, "text/html", b"gone")).await.1,
        Reason::MediaUnreachable,
    );
}
