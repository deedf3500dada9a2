//! The pace of a destination: publishes begin in their slots, and nothing else waits for one.

use std::time::Duration;

use slugline_core::item::Class;
use slugline_core::lane::LaneScope;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::pace::{Pace, Window};
use slugline_engine::store::{ClaimedJob, Deadline, Registration, Span, Want};

use crate::bench::{Bench, TIMEOUT, ended, failure, post, want};

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) async fn set(bench: &Bench, pace: Option<Pace>) {
    let blog = Registration {
        pace,
        name: "blog".into(),
        lane: LaneScope::ItemLocale,
        request_timeout: TIMEOUT,
        commit_window: Some(TIMEOUT * 3),
    };
    bench.store.register(vec![blog]).await.unwrap();
}

pub(crate) fn daily(count: u32) -> Option<Pace> {
    Some(Pace {
        daily_capacity: Some(count),
        ..Pace::default()
    })
}

/// Claims what there is in two classes, until there is no more.
async fn begun(bench: &Bench) -> Vec<ClaimedJob> {
    let mut begun = Vec::new();
    for _ in 0..5 {
        let wants = vec![want("blog", Class::Urgent), want("blog", Class::Standard)];
        begun.extend(bench.store.claim(wants).await.unwrap().jobs);
    }
    begun
}

async fn names(bench: &Bench) -> Vec<String> {
    let jobs = begun(bench).await;
    jobs.into_iter().map(|job| job.item.content_id).collect()
}

pub(crate) async fn given_slots_are_found_by_their_time(bench: &Bench) {
    set(bench, daily(6)).await;
    for name in ["a", "b", "c", "d"] {
        bench.accept(&post(name, 1)).await;
    }
    assert_eq!(names(bench).await, ["a"]);
    let start = bench.now();
    let slots = async |owner: &str, hours: u32, limit| {
        let until = start.plus(hours * HOUR);
        let span = Span { from: start, until };
        let found = bench.store.slots(owner, span, limit).await.unwrap();
        let ids = found.into_iter().map(|publish| publish.content_id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(
        slots("default", 12, 9).await,
        ["b", "c"],
        "at 4 and 8 hours; a has begun"
    );
    assert_eq!(slots("default", 13, 1).await, ["b"], "the first");
    assert!(slots("other", 13, 9).await.is_empty());
}

pub(crate) async fn publishes_begin_evenly_spaced(bench: &Bench) {
    set(bench, daily(6)).await;
    for name in ["a", "b", "c"] {
        bench.accept(&post(name, 1)).await;
    }
    let start = bench.now();
    assert_eq!(names(bench).await, ["a"]);
    let waits = bench.publish("c-1").await.jobs.remove(0);
    let slot = Some(start.plus(8 * HOUR));
    assert_eq!(
        (waits.state, waits.next_attempt_at, waits.slot_at),
        (JobState::Queued, slot, slot)
    );
    bench.clock.advance(4 * HOUR - Duration::from_secs(1));
    assert!(names(bench).await.is_empty());
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(names(bench).await, ["b"]);
    bench.clock.advance(48 * HOUR);
    bench.accept(&post("d", 1)).await;
    assert_eq!(names(bench).await, ["c"], "no burst after a quiet time");
    bench.clock.advance(4 * HOUR);
    assert_eq!(names(bench).await, ["d"]);
}

pub(crate) async fn a_retry_needs_no_other_slot(bench: &Bench) {
    set(bench, daily(1)).await;
    bench.accept(&post("a", 1)).await;
    let run = begun(bench).await.remove(0);
    let retry = Verdict::Retry {
        at: bench.now().plus(HOUR),
        failure: failure(),
    };
    assert!(bench.settle(ended(&run, retry)).await);
    bench.clock.advance(HOUR);
    assert_eq!(names(bench).await, ["a"]);
}

pub(crate) async fn what_is_urgent_and_what_removes_do_not_wait_but_use_a_slot(bench: &Bench) {
    bench.published(&post("old", 1)).await;
    set(bench, daily(6)).await;
    bench.accept(&post("a", 1)).await;
    assert_eq!(names(bench).await, ["a"]);
    bench.accept(&post("now", 1).class("urgent")).await;
    bench.accept(&post("old", 2).action("unpublish")).await;
    assert_eq!(names(bench).await, ["now", "old"]);
    bench.accept(&post("b", 1)).await;
    assert!(names(bench).await.is_empty());
    let slot = bench.publish("b-1").await.jobs.remove(0).slot_at;
    assert_eq!(slot, Some(bench.now().plus(12 * HOUR)));
}

pub(crate) async fn a_newer_generation_takes_over_the_slot(bench: &Bench) {
    set(bench, daily(6)).await;
    for name in ["a", "b", "c"] {
        bench.accept(&post(name, 1)).await;
    }
    assert_eq!(names(bench).await, ["a"]);
    for version in 2..5 {
        bench.accept(&post("b", version)).await;
        assert!(names(bench).await.is_empty());
    }
    bench.clock.advance(4 * HOUR);
    let jobs = begun(bench).await;
    assert_eq!((jobs.len(), jobs[0].generation.0), (1, 4));
    bench.clock.advance(4 * HOUR);
    assert_eq!(names(bench).await, ["c"]);
}

pub(crate) async fn outside_of_its_windows_nothing_begins(bench: &Bench) {
    // The bench's clock begins at 10:00 UTC.
    let office = Pace {
        windows: vec![Window {
            days: Vec::new(),
            from: "12:00".into(),
            to: "13:00".into(),
        }],
        time_zone: "UTC".into(),
        ..Pace::default()
    };
    set(bench, Some(office)).await;
    let opens = bench.now().plus(2 * HOUR);
    bench.accept(&post("a", 1)).await;
    bench.accept(&post("b", 1)).await;
    bench.accept(&post("c", 1).class("urgent")).await;
    assert_eq!(names(bench).await, ["c"]);
    let waits = bench.publish("a-1").await.jobs.remove(0);
    assert_eq!(waits.slot_at, Some(opens));
    bench.clock.advance(2 * HOUR);
    assert_eq!(names(bench).await, ["a", "b"]);
    bench.accept(&post("d", 1)).await;
    assert_eq!(names(bench).await, ["d"]);
}

pub(crate) async fn a_deadline_counts_from_the_slot(bench: &Bench) {
    set(bench, daily(1)).await;
    bench.accept(&post("a", 1)).await;
    bench.accept(&post("b", 1)).await;
    assert_eq!(names(bench).await, ["a"]);
    let deadline = Deadline {
        class: Class::Standard,
        after: HOUR,
    };
    let expire = async || bench.store.expire(vec![deadline], 10).await.unwrap();
    bench.clock.advance(23 * HOUR);
    assert_eq!(expire().await, 0);
    bench.clock.advance(HOUR + HOUR / 2);
    assert_eq!(expire().await, 0);
    bench.clock.advance(HOUR);
    assert_eq!(expire().await, 1);
}

pub(crate) async fn another_pace_counts_at_once(bench: &Bench) {
    set(bench, daily(1)).await;
    for name in ["a", "b", "c", "d"] {
        bench.accept(&post(name, 1)).await;
    }
    assert_eq!(names(bench).await, ["a"]);
    set(bench, daily(24)).await;
    assert!(names(bench).await.is_empty());
    bench.clock.advance(HOUR);
    assert_eq!(names(bench).await, ["b"]);
    set(bench, None).await;
    assert_eq!(names(bench).await, ["c", "d"]);
}

pub(crate) async fn a_long_queue_is_given_slots_without_being_walked_again(bench: &Bench) {
    set(bench, daily(24)).await;
    for number in 0..100 {
        bench.accept(&post(&format!("post-{number}"), 1)).await;
    }
    let few = || Want {
        limit: 8,
        ..want("blog", Class::Standard)
    };
    let mut jobs = Vec::new();
    loop {
        let claimed = bench.store.claim(vec![few()]).await.unwrap();
        jobs.extend(claimed.jobs);
        if claimed.next_due.is_none_or(|due| due > bench.now()) {
            break;
        }
    }
    assert_eq!(jobs.len(), 1);
    let last = bench.publish("post-99-1").await.jobs.remove(0);
    assert_eq!(last.slot_at, Some(bench.now().plus(99 * HOUR)));
}
