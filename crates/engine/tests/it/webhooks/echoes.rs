//! A CMS that is source and destination at once: it tells of what we wrote, and of what persons did to it.

use std::sync::atomic::Ordering;

use slugline_core::drift::Drift;
use slugline_core::lifecycle::JobState;
use slugline_engine::webhooks::Site;

use super::*;
use crate::house::request;

const DESTINATION: &str = "wordpress";

/// The blog as a source.
fn blog(house: &House, certain: bool) -> SourceSettings {
    let blog = &house.destinations[0];
    SourceSettings {
        same_as: vec![Site {
            destination: DESTINATION.into(),
            connector: Arc::clone(&blog.connector),
            certain,
        }],
        ..source("cms")
    }
}

/// What the blog tells of an entry as it is there; `turn` makes it another webhook.
fn told(house: &House, id: u64, turn: i64) -> Change {
    let entries = house.network.blog.lock().unwrap().entries();
    let entry = entries.iter().find(|entry| entry.id == id);
    let named = id.to_string();
    let Some(entry) = entry.filter(|entry| entry.status == "publish") else {
        return change(What::Deleted, &named, turn, Locales::Unsaid);
    };
    let payload = json!({"title": entry.title, "slug": entry.slug, "body": entry.content});
    Change {
        payload: serde_json::from_value(payload).unwrap(),
        ..published(&named, turn)
    }
}

/// A post that is live, and its entry.
async fn live(house: &House) -> u64 {
    let key = house.publish(request("r-1", "post", 1)).await;
    let view = house.surely_live(&key).await;
    view.jobs[0].downstream_ids["post"].parse().unwrap()
}

async fn at_blog(house: &House) -> ContentAt {
    let content = house.store.content("default", "post").await.unwrap();
    content[0].destinations[0].clone()
}

/// Waits until the job of the item there was looked at this often.
async fn checked(house: &House, times: usize) {
    let job = at_blog(house).await.job.unwrap().job_id;
    loop {
        let detail = house.store.job("default", job).await.unwrap().unwrap();
        let checks = detail.attempts.iter().filter(|run| run.outcome == "check");
        if checks.count() >= times {
            return;
        }
        house.clock.sleep(Duration::from_millis(500)).await;
    }
}

async fn publishes(house: &House) -> usize {
    let page = Page {
        limit: 100,
        cursor: None,
    };
    let all = house.store.publishes(PublishFilter::default(), page);
    all.await.unwrap().items.len()
}

#[tokio::test(start_paused = true)]
async fn one_publish_is_one_write_however_often_it_echoes() {
    let house = House::open(31).await;
    let open = doors(&house, blog(&house, true), settings());
    let id = live(&house).await;
    let written = house.network.writes.load(Ordering::Relaxed);
    for turn in 0..10 {
        let receipt = send(&open, &[told(&house, id, turn)]).await;
        assert_eq!(receipt.status, ReceiptStatus::Ignored);
        let [news] = &receipt.outcome.changes[..] else {
            panic!("{receipt:?}")
        };
        assert_eq!(news.status, ChangeStatus::Ours);
        assert_eq!(news.content_id, "post", "it names what it is about");
        house.clock.sleep(Duration::from_secs(60)).await;
    }
    checked(&house, 10).await;
    assert_eq!(house.network.writes.load(Ordering::Relaxed), written);
    assert_eq!(publishes(&house).await, 1);
    assert_eq!(items(&house, &id.to_string()).await, []);
    let at = at_blog(&house).await;
    assert!(at.in_sync && at.drift.is_none(), "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn news_that_comes_together_is_looked_at_once() {
    let house = House::open(32).await;
    let open = doors(&house, blog(&house, true), settings());
    let id = live(&house).await;
    for turn in 0..5 {
        send(&open, &[told(&house, id, turn)]).await;
    }
    house.clock.sleep(Duration::from_secs(60)).await;
    let job = at_blog(&house).await.job.unwrap().job_id;
    let detail = house.store.job("default", job).await.unwrap().unwrap();
    let outcomes: Vec<_> = detail.attempts.iter().map(|run| &run.outcome[..]).collect();
    assert_eq!(outcomes, ["live", "check"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_changed_is_drift_of_the_item_and_stays() {
    let house = House::open(33).await;
    let open = doors(&house, blog(&house, true), settings());
    let id = live(&house).await;
    let now = house.clock.now();
    house
        .network
        .blog
        .lock()
        .unwrap()
        .retitle(id, "Better", now);
    send(&open, &[told(&house, id, 2)]).await;
    checked(&house, 1).await;
    let drift = at_blog(&house).await.drift.unwrap();
    assert_eq!(drift.kind, Drift::Diverged);
    let entries = house.network.blog.lock().unwrap().entries();
    assert_eq!(entries[0].title, "Better", "nobody wrote over it");
    assert_eq!(publishes(&house).await, 1);
    // The next publish says what is right from now on.
    let key = house.publish(request("r-2", "post", 2)).await;
    house.surely_live(&key).await;
    assert!(at_blog(&house).await.in_sync);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_deleted_is_missing() {
    let house = House::open(34).await;
    let open = doors(&house, blog(&house, true), settings());
    let id = live(&house).await;
    house.network.blog.lock().unwrap().lose(id);
    let receipt = send(&open, &[told(&house, id, 2)]).await;
    assert_eq!(statuses(&receipt), [ChangeStatus::Ours]);
    checked(&house, 1).await;
    let at = at_blog(&house).await;
    assert_eq!(at.drift.unwrap().kind, Drift::Missing);
    assert_eq!(at.job.unwrap().state, JobState::Live);
}

#[tokio::test(start_paused = true)]
async fn what_we_removed_is_no_removal_by_its_source() {
    let house = House::open(35).await;
    let open = doors(&house, blog(&house, true), settings());
    let id = live(&house).await;
    let mut removal = request("r-2", "post", 2);
    removal["action"] = json!("delete");
    removal.as_object_mut().unwrap().remove("payload");
    let key = house.publish(removal).await;
    house.ended(&key).await;
    let receipt = send(&open, &[told(&house, id, 2)]).await;
    assert_eq!(statuses(&receipt), [ChangeStatus::Ours]);
    checked(&house, 1).await;
    assert!(at_blog(&house).await.in_sync);
    assert_eq!(items(&house, &id.to_string()).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_persons_post_goes_elsewhere_and_never_back() {
    let house = House::open(36).await;
    let mut both = settings();
    both.routes.routes[0].to.push("webhook".into());
    let open = doors(&house, blog(&house, true), both);
    let now = house.clock.now();
    let write = |slug| {
        house
            .network
            .blog
            .lock()
            .unwrap()
            .write_as_person(slug, slug, now)
    };
    let id = write("hello");
    let receipt = send(&open, &[told(&house, id, 1)]).await;
    assert_eq!(receipt.status, ReceiptStatus::Ok);
    let publish = receipt.outcome.changes[0].publish_id.unwrap().to_string();
    let view = house.ended(&publish).await;
    let jobs = view.jobs.iter().map(|job| &job.destination[..]);
    assert_eq!(jobs.collect::<Vec<_>>(), ["webhook"]);
    let back = doors(&house, blog(&house, true), settings());
    let id = write("there");
    let receipt = send(&back, &[told(&house, id, 1)]).await;
    assert_eq!(receipt.status, ReceiptStatus::Ignored, "{receipt:?}");
    assert_eq!(house.network.blog.lock().unwrap().entries().len(), 2);
}

/// Two sites of one type number their entries alike; only configuration knows whether they are one.
#[tokio::test(start_paused = true)]
async fn where_it_is_not_said_what_cannot_be_told_waits_for_a_person() {
    let house = House::open(37).await;
    let open = doors(&house, blog(&house, false), settings());
    let id = live(&house).await;
    let echo = send(&open, &[told(&house, id, 1)]).await;
    assert_eq!(statuses(&echo), [ChangeStatus::Ours], "it reads like ours");
    let other = published(&id.to_string(), 2);
    let receipt = send(&open, &[other]).await;
    assert_eq!(receipt.status, ReceiptStatus::Failed);
    let why = receipt.outcome.changes[0].reason.clone().unwrap();
    assert!(why.contains("same_as = [\"wordpress\"]"), "{why}");
    // An entry that nobody wrote for us is a publish like any other.
    let mut foreign = published("999", 1);
    foreign.payload.as_mut().unwrap().slug = Some("foreign".into());
    let receipt = send(&open, &[foreign]).await;
    assert_eq!(receipt.status, ReceiptStatus::Ok);
}

/// An item of this source that got the number of its own origin at another site.
#[tokio::test(start_paused = true)]
async fn an_entry_of_another_site_with_the_same_number_is_no_echo() {
    let first = live(&House::open(38).await).await;
    let house = House::open(38).await;
    let open = doors(&house, blog(&house, false), settings());
    for version in 1..3 {
        let mut told = published(&first.to_string(), version);
        told.payload.as_mut().unwrap().slug = Some("alike".into());
        let receipt = send(&open, &[told]).await;
        let [news] = &receipt.outcome.changes[..] else {
            panic!("{receipt:?}")
        };
        assert_eq!(news.status, ChangeStatus::Ok, "{news:?}");
        let publish = news.publish_id.unwrap().to_string();
        let view = house.surely_live(&publish).await;
        let id = &view.jobs[0].downstream_ids["post"];
        assert_eq!(*id, first.to_string());
    }
}

/// A run of ours writes a draft first, and editors save over what is live.
#[tokio::test(start_paused = true)]
async fn a_draft_of_our_entry_is_ours_and_no_news() {
    let house = House::open(39).await;
    let open = doors(&house, blog(&house, true), settings());
    let id = live(&house).await;
    let draft = |turn| change(What::Draft, &id.to_string(), turn, Locales::Unsaid);
    let receipt = send(&open, &[draft(1)]).await;
    assert_eq!(statuses(&receipt), [ChangeStatus::Ours]);
    let unsure = doors(&house, blog(&house, false), settings());
    let receipt = send(&unsure, &[draft(2)]).await;
    assert_eq!(statuses(&receipt), [ChangeStatus::Noted], "it is in doubt");
    assert_eq!(publishes(&house).await, 1);
}
