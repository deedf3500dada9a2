//! Replays as a running engine works them off: at their rate, in order, and nothing newer is overwritten.

use std::time::Duration;

use serde_json::json;
use slugline_core::http::Request;
use slugline_core::lifecycle::JobState;
use slugline_core::replay::{Mode, Receiver, Relevance};
use slugline_engine::ports::Clock;
use slugline_engine::store::{NewReplay, ReplayBegun, ReplayFilter, ReplayState, ReplayView};

use crate::house::{House, request};

const ITEMS: usize = 5;

fn key(number: usize, version: i64) -> String {
    format!("r{number}-{version}")
}

async fn publish(house: &House, number: usize, version: i64, to: &str) -> String {
    let mut body = request(&key(number, version), &format!("item-{number}"), version);
    body["destinations"] = json!([to]);
    house.publish(body).await
}

async fn begin(house: &House, mode: Mode, rate: u64) -> ReplayView {
    let receiver = |name: &str| {
        let known = house.destinations.iter();
        let mut found = known.filter(|known| known.settings.name == name);
        Receiver::from(&found.next().unwrap().capabilities)
    };
    let new = NewReplay {
        owner: "default".into(),
        actor: "token:test".into(),
        filter: ReplayFilter {
            destination: Some("webhook".into()),
            ..ReplayFilter::default()
        },
        mode,
        dry_run: false,
        limit: 100,
        rate,
        receivers: [("webhook".to_owned(), receiver("webhook"))].into(),
    };
    house.clock.sleep(Duration::from_secs(1)).await;
    match house.store.begin_replay(new).await.unwrap() {
        ReplayBegun::New(view) => view,
        other => panic!("{other:?}"),
    }
}

/// Waits until it has ended and its jobs too.
async fn ended(house: &House, view: &ReplayView) -> ReplayView {
    loop {
        let now = house.store.replay("default", view.replay_id).await;
        let now = now.unwrap().unwrap();
        let jobs = now.jobs.clone().unwrap_or_default();
        let are_all_final = jobs.keys().all(|state| state.is_final());
        if now.state != ReplayState::Running && are_all_final {
            return now;
        }
        house.clock.sleep(Duration::from_millis(200)).await;
    }
}

fn header(request: &Request, name: &str) -> String {
    let mut found = request.headers.iter().filter(|(known, _)| known == name);
    found.next().unwrap().1.clone()
}

fn content(request: &Request) -> String {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let (id, version) = (&body["data"]["content_id"], &body["data"]["version"]);
    format!("{} {version}", id.as_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn what_failed_runs_again_at_the_rate_and_nothing_newer_is_overwritten() {
    let house = House::open(1).await;
    *house.network.hook.lock().unwrap() = Box::new(|_| Ok(400));
    for number in 0..ITEMS {
        let key = publish(&house, number, 1, "webhook").await;
        assert_eq!(house.ended(&key).await.state, JobState::Failed);
    }
    *house.network.hook.lock().unwrap() = Box::new(|_| Ok(204));
    let newer = publish(&house, 0, 2, "webhook").await;
    house.ended(&newer).await;
    house.network.received.lock().unwrap().clear();
    let view = begin(&house, Mode::Current, 30).await;
    assert_eq!(view.record.counts[&Relevance::Relevant], 4);
    // It is newer than the start: what was relevant then is not any more when its turn comes.
    let last = ITEMS - 1;
    let newest = publish(&house, last, 2, "webhook").await;
    house.ended(&newest).await;
    let began = house.clock.monotonic();
    let done = ended(&house, &view).await;
    let took = house.clock.monotonic() - began;
    assert!(
        took >= Duration::from_secs(4),
        "two seconds between two: {took:?}"
    );
    assert_eq!((done.state, done.record.done), (ReplayState::Done, 6));
    let counts = [
        (Relevance::Relevant, 3),
        (Relevance::Superseded, 2),
        (Relevance::AlreadyApplied, 1),
    ];
    assert_eq!(done.record.counts, counts.into());
    assert_eq!(done.jobs, Some([(JobState::Live, 3)].into()));
    let received: Vec<String> = house
        .network
        .received
        .lock()
        .unwrap()
        .iter()
        .map(content)
        .collect();
    let expected = ["item-4 2", "item-1 1", "item-2 1", "item-3 1"];
    assert_eq!(received, expected, "in order, each once");
}

#[tokio::test(start_paused = true)]
async fn signals_are_sent_again_under_the_ids_that_they_had() {
    let house = House::open(2).await;
    for number in 0..ITEMS {
        let key = publish(&house, number, 1, "webhook").await;
        house.ended(&key).await;
    }
    let newer = publish(&house, 0, 2, "webhook").await;
    house.ended(&newer).await;
    let sent = |house: &House| {
        let received = std::mem::take(&mut *house.network.received.lock().unwrap());
        let one = |request: &Request| (header(request, "webhook-id"), request.body.clone());
        received.iter().map(one).collect::<Vec<_>>()
    };
    let at_first = sent(&house);
    let view = begin(&house, Mode::AsRecorded, 6_000).await;
    let done = ended(&house, &view).await;
    let counts = [(Relevance::Relevant, 5), (Relevance::Superseded, 1)];
    assert_eq!(done.record.counts, counts.into());
    let mut again = sent(&house);
    // What was replaced is not told again.
    let mut expected = at_first[1..].to_vec();
    again.sort();
    expected.sort();
    assert_eq!(again, expected, "the same ids and the same bytes");
}
