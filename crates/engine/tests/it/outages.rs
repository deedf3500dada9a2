//! Destinations that are down or throttle: nobody's attempts are wasted, everything recovers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use slugline_core::http::SendError;
use slugline_core::lifecycle::JobState;
use slugline_engine::ports::Clock;

use crate::house::{House, request};

#[tokio::test(start_paused = true)]
async fn a_destination_that_is_down_is_probed_by_one_while_others_wait() {
    let house = House::open(1).await;
    let down = Arc::new(AtomicBool::new(true));
    let asked = Arc::new(AtomicUsize::new(0));
    let (is_down, count) = (Arc::clone(&down), Arc::clone(&asked));
    *house.network.hook.lock().unwrap() = Box::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        if is_down.load(Ordering::SeqCst) {
            Err(SendError::NotSent("refused".into()))
        } else {
            Ok(204)
        }
    });
    for number in 0..50 {
        let mut body = request(&format!("r{number}"), &format!("item-{number}"), 1);
        body["destinations"] = json!(["webhook"]);
        house.publish(body).await;
    }
    house.clock.sleep(Duration::from_secs(600)).await;
    let tries = asked.load(Ordering::SeqCst);
    assert!(
        tries < 70,
        "{tries} requests to a destination that was down for ten minutes"
    );
    down.store(false, Ordering::SeqCst);
    for number in 0..50 {
        let view = house.ended(&format!("r{number}")).await;
        assert_eq!(view.state, JobState::Live);
        assert!(
            view.jobs[0].attempt_count <= 4,
            "an outage cost {} attempts",
            view.jobs[0].attempt_count
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_job_that_always_fails_does_not_stop_the_others() {
    let house = House::open(2).await;
    *house.network.hook.lock().unwrap() = Box::new(|request| {
        let poison = String::from_utf8_lossy(&request.body).contains("poison");
        Ok(if poison { 500 } else { 204 })
    });
    for name in ["poison", "good-1", "good-2", "good-3"] {
        let mut body = request(name, name, 1);
        body["destinations"] = json!(["webhook"]);
        house.publish(body).await;
    }
    for name in ["good-1", "good-2", "good-3"] {
        assert_eq!(house.ended(name).await.state, JobState::Live);
    }
    assert_eq!(house.ended("poison").await.state, JobState::Failed);
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_down_costs_no_attempt_and_recovers() {
    let house = House::open(3).await;
    house.network.fail("throttle=0.5@2s");
    for number in 0..8 {
        house
            .publish(request(&format!("r{number}"), &format!("item-{number}"), 1))
            .await;
    }
    house.clock.sleep(Duration::from_secs(30)).await;
    assert!(house.destinations[0].health(house.clock.now()).concurrency < 4);
    house.network.fail("none");
    for number in 0..8 {
        let view = house.surely_live(&format!("r{number}")).await;
        assert!(
            view.jobs[0].attempt_count <= 2,
            "throttling cost attempts: {:?}",
            view.jobs[0]
        );
    }
    for number in 8..40 {
        house
            .surely_live(
                &house
                    .publish(request(&format!("r{number}"), &format!("item-{number}"), 1))
                    .await,
            )
            .await;
    }
    assert_eq!(
        house.destinations[0].health(house.clock.now()).concurrency,
        4
    );
}
