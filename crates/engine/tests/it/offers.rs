//! Room that is offered to what is accepted: kept while it is offered, never more than there is.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::item::Class;
use slugline_core::lifecycle::JobState;
use slugline_engine::delivery::{Delivery, Offered};
use slugline_engine::ports::Clock as _;

use crate::house::{House, request};

const MOMENT: Duration = Duration::from_millis(10);

/// Jobs of this class that begin at once at the blog, each holding its room; it has room for four runs.
fn all(delivery: &Arc<Delivery>, class: Class) -> Vec<Offered> {
    std::iter::from_fn(|| delivery.offer(class, &["wordpress".into()])).collect()
}

/// The delivery of a house once its first claim has found nothing.
async fn idle(house: &House) -> Arc<Delivery> {
    let delivery = house.delivery.clone().unwrap();
    while delivery
        .offer(Class::Urgent, &["wordpress".into()])
        .is_none()
    {
        // It sleeps because virtual time passes only while everything waits.
        house.clock.sleep(MOMENT).await;
    }
    delivery
}

#[tokio::test(start_paused = true)]
async fn no_more_is_offered_than_there_is_room_for() {
    let house = House::open(1).await;
    let delivery = idle(&house).await;
    let standard = all(&delivery, Class::Standard);
    assert_eq!(standard.len(), 3, "one of four is kept for what is urgent");
    let urgent = all(&delivery, Class::Urgent);
    assert_eq!(urgent.len(), 1);
    drop(standard);
    assert_eq!(all(&delivery, Class::Urgent).len(), 3, "it was given back");
    let nowhere = delivery.offer(Class::Urgent, &["elsewhere".into()]);
    assert!(nowhere.is_none());
    drop(urgent);
}

#[tokio::test(start_paused = true)]
async fn what_is_accepted_into_offered_room_is_delivered_and_the_room_is_free_again() {
    let house = House::open(2).await;
    let delivery = idle(&house).await;
    let mut keys = Vec::new();
    for number in 0..20 {
        let (key, item) = (format!("r{number}"), format!("item-{number}"));
        keys.push(house.publish(request(&key, &item, 1)).await);
        keys.push(house.publish(request(&format!("{key}-2"), &item, 2)).await);
    }
    for key in keys {
        house.ended(&key).await;
    }
    assert_eq!(house.network.blog.lock().unwrap().entries().len(), 20);
    idle(&house).await;
    assert_eq!(all(&delivery, Class::Urgent).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_offers_nothing_and_ends_what_began() {
    let mut house = House::open(3).await;
    let delivery = idle(&house).await;
    let key = house.publish(request("r", "item", 1)).await;
    house.halt().await;
    assert!(all(&delivery, Class::Urgent).is_empty());
    house.start().await;
    house.ended(&key).await;
    assert_eq!(house.network.blog.lock().unwrap().entries().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_up_holds_up_nothing() {
    let house = House::open(5).await;
    let _delivery = idle(&house).await;
    let (caller, began) = (House::caller(), house.clock.monotonic());
    let body = request("r", "item", 1).to_string().into();
    let mut publish = Box::pin(house.intake.publish(&caller, None, Vec::new(), body));
    assert!(futures_util::poll!(&mut publish).is_pending());
    drop(publish);
    while house.store.publish("default", "r").await.unwrap().is_none() {
        // It sleeps because virtual time passes only while everything waits.
        house.clock.sleep(MOMENT).await;
    }
    let view = house.ended("r").await;
    assert_eq!(view.jobs[0].state, JobState::Live);
    let took = house.clock.monotonic() - began;
    assert!(
        took < Duration::from_secs(10),
        "not at the end of a lease, but after {took:?}"
    );
}
