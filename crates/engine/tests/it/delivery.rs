//! Delivery to a WordPress that fails often: once, in order, verified, whatever befalls it.

use serde_json::json;
use slugline_core::exchange::Exchange;
use slugline_core::ids::JobId;
use slugline_core::lifecycle::JobState;
use slugline_core::media::sha256;
use slugline_core::reason::Reason;

use crate::house::{House, request};

const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// Publishes ten items with heroes through faults; then the blog must show each exactly once.
async fn once_each(seed: u64) {
    let house = House::open(seed).await;
    house.network.fail("often");
    let hero = house
        .intake
        .upload_media(PNG.into(), Some("image/png"))
        .await
        .unwrap()
        .info
        .sha256;
    let mut keys = Vec::new();
    for number in 0..10 {
        let mut body = request(&format!("r{number}"), &format!("item-{number}"), 1);
        body["payload"]["media"] =
            json!([{ "role": "hero", "sha256": hero, "filename": "hero.png" }]);
        keys.push(house.publish(body).await);
    }
    keys.push(house.publish(request("again", "item-3", 2)).await);
    for key in keys.iter().filter(|key| *key != "r3") {
        house.surely_live(key).await;
    }
    house.network.fail("none");
    let entries = house.network.blog.lock().unwrap().entries();
    assert_eq!(
        entries.len(),
        10,
        "seed {seed}: twins or strays in {entries:#?}"
    );
    for entry in entries {
        assert_eq!(entry.status, "publish", "seed {seed}: {entry:?}");
        let newest = if entry.slug == "item-3" {
            "item-3 2".to_owned()
        } else {
            format!("{} 1", entry.slug)
        };
        assert_eq!(entry.title, newest, "seed {seed}");
        let has_hero = entry.hero.is_some_and(|bytes| sha256(&bytes) == hero);
        assert_eq!(
            has_hero,
            entry.slug != "item-3",
            "seed {seed}: hero of {}",
            entry.slug
        );
    }
    let media = house.network.blog.lock().unwrap().media_slugs();
    assert_eq!(media.len(), 1, "seed {seed}: {media:?}");
}

#[tokio::test(start_paused = true)]
async fn what_fails_often_still_shows_each_item_once() {
    for seed in 1..=12 {
        once_each(seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_persons_slug_is_left_alone_and_said() {
    let house = House::open(1).await;
    house.network.blog.lock().unwrap().write_as_person(
        "taken",
        "By hand",
        slugline_core::time::Timestamp(0),
    );
    let view = house
        .ended(&house.publish(request("r", "taken", 1)).await)
        .await;
    let job = &view.jobs[0];
    assert_eq!(
        (job.state, job.reason_code),
        (JobState::Failed, Some(Reason::SlugTakenAtDestination))
    );
    let entries = house.network.blog.lock().unwrap().entries();
    assert_eq!(entries.len(), 1, "no draft of ours stays: {entries:?}");
    assert_eq!(entries[0].title, "By hand");
    let id = job.job_id.0;
    let detail = house.store.job("default", JobId(id)).await.unwrap();
    let told = &detail.unwrap().attempts[0].exchanges;
    let asked = told
        .iter()
        .any(|one| one.url.contains("taken") && one.status == Some(200));
    assert!(asked, "what was seen there can be read: {told:#?}");
    let is_hidden = |one: &Exchange| one.request.headers["authorization"] == "…";
    assert!(told.iter().all(is_hidden), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_destination_cannot_hold_is_not_looked_at_again() {
    let house = House::open(1).await;
    let mut zebra = request("r", "zebra", 1);
    zebra["payload"]["fields"] = json!({ "content_type": "zebra" });
    let view = house.ended(&house.publish(zebra).await).await;
    let job = &view.jobs[0];
    assert_eq!(job.reason_code, Some(Reason::UnsupportedContent));
    assert_eq!(house.store.counts().await.unwrap().looks_owed, 0);
}

#[tokio::test(start_paused = true)]
async fn removals_take_away_what_was_shown_and_only_that() {
    let house = House::open(2).await;
    house.network.fail("often");
    house
        .surely_live(&house.publish(request("p", "story", 1)).await)
        .await;
    let unpublish =
        json!({ "request_id": "u", "content_id": "story", "version": 2, "action": "unpublish" });
    house.surely_live(&house.publish(unpublish).await).await;
    house.network.fail("none");
    assert!(
        house
            .network
            .blog
            .lock()
            .unwrap()
            .entries()
            .iter()
            .all(|entry| entry.status == "draft")
    );
    house
        .surely_live(&house.publish(request("p3", "story", 3)).await)
        .await;
    let entries = house.network.blog.lock().unwrap().entries();
    assert_eq!(entries.len(), 1, "the same entry comes back: {entries:?}");
    assert_eq!(
        (entries[0].status.as_str(), entries[0].slug.as_str()),
        ("publish", "story")
    );
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_acknowledged_under_a_stable_id() {
    let house = House::open(3).await;
    let answers = std::sync::Mutex::new(vec![204, 503]);
    *house.network.hook.lock().unwrap() =
        Box::new(move |_| Ok(answers.lock().unwrap().pop().unwrap_or(204)));
    let mut body = request("r", "news", 1);
    body["destinations"] = json!(["webhook"]);
    let view = house.ended(&house.publish(body).await).await;
    assert_eq!(view.jobs[0].evidence.as_deref(), Some("acknowledged"));
    let received = house.network.received.lock().unwrap();
    let id = |at: usize| {
        received[at]
            .headers
            .iter()
            .find(|(name, _)| name == "webhook-id")
            .unwrap()
            .1
            .clone()
    };
    assert_eq!((received.len(), id(0)), (2, id(1)));
}

#[tokio::test(start_paused = true)]
async fn a_stop_puts_back_what_runs_and_a_start_finishes_it() {
    let mut house = House::open(4).await;
    house.network.fail("late=1.0@60s");
    let key = house.publish(request("r", "slow", 1)).await;
    house
        .until(&key, |view| view.state == JobState::Delivering)
        .await;
    house.halt().await;
    let job = house.view(&key).await.jobs.remove(0);
    assert!(matches!(job.state, JobState::Queued), "{job:?}");
    house.network.fail("none");
    house.start().await;
    house.surely_live(&key).await;
    assert_eq!(house.network.blog.lock().unwrap().entries().len(), 1);
    assert!(house.path().join("slugline.db").exists());
}
