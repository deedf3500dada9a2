//! What waits, what replaces what.

use std::time::Duration;

use serde_json::json;
use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_engine::ports::Clock;

use crate::house::{House, request};

#[tokio::test(start_paused = true)]
async fn a_schedule_is_kept_and_replaced_by_a_newer_version() {
    let house = House::open(1).await;
    let at = house.clock.now().plus(Duration::from_secs(600));
    let mut later = request("later", "news", 1);
    later["publish_at"] = json!(at);
    house.publish(later).await;
    let waiting = house.view("later").await;
    assert_eq!(
        waiting.jobs[0].pending_reason,
        Some(PendingReason::Scheduled)
    );
    let mut other = request("other", "second", 1);
    other["publish_at"] = json!(at);
    house.publish(other).await;
    house.publish(request("now", "news", 2)).await;
    house.surely_live("now").await;
    assert_eq!(house.view("later").await.state, JobState::Superseded);
    let live = house.ended("other").await;
    assert!(live.jobs[0].live_at.unwrap() >= at, "not before its time");
}

#[tokio::test(start_paused = true)]
async fn a_slug_passes_on_only_when_it_is_free_at_the_destination() {
    let house = House::open(2).await;
    house
        .surely_live(&house.publish(request("a1", "hello", 1)).await)
        .await;
    house.network.fail("error_before=1.0");
    let mut renamed = request("a2", "hello", 2);
    renamed["payload"]["slug"] = json!("goodbye");
    house.publish(renamed).await;
    let mut taker = request("b1", "other", 1);
    taker["payload"]["slug"] = json!("hello");
    house.publish(taker).await;
    assert_eq!(
        house.view("b1").await.jobs[0].pending_reason,
        Some(PendingReason::SlugRelease)
    );
    house.network.fail("none");
    house.surely_live("a2").await;
    house.surely_live("b1").await;
    let entries = house.network.blog.lock().unwrap().entries();
    let slug_of = |title: &str| {
        entries
            .iter()
            .find(|entry| entry.title == title)
            .unwrap()
            .slug
            .clone()
    };
    assert_eq!(
        (slug_of("hello 2"), slug_of("other 1")),
        ("goodbye".into(), "hello".into())
    );
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_vain_is_replaced_and_says_by_what() {
    let house = House::open(3).await;
    house.network.fail("error_before=1.0");
    house.publish(request("v1", "item", 1)).await;
    house.publish(request("v2", "item", 2)).await;
    house.network.fail("none");
    house.surely_live("v2").await;
    let old = house
        .until("v1", |view| view.jobs[0].state.is_final())
        .await;
    assert!(matches!(
        old.jobs[0].state,
        JobState::Superseded | JobState::Live
    ));
    assert!(old.jobs[0].replaced_by.is_some());
    assert_eq!(
        house.network.blog.lock().unwrap().entries()[0].title,
        "item 2"
    );
}
