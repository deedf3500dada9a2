//! Claiming, settling, leases, effects.

use std::time::Duration;

use futures_util::FutureExt;
use slugline_core::exchange::{Exchange, Message};
use slugline_core::ids::Fence;
use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::port::EffectKey;
use slugline_core::reason::{Reason, SuggestedAction};
use slugline_engine::store::{
    ClaimedJob, Deadline, EffectChange, Hold, Lease, Room, Settlement, Want,
};

use crate::bench::{Bench, LEASE, TIMEOUT, ended, failure, live, post, shown, want};

pub(crate) async fn a_claim_carries_all_that_a_run_needs(bench: &Bench) {
    let first = bench.published(&post("a", 1)).await;
    assert_eq!(
        (first.attempt, first.fence, first.shown.clone()),
        (1, Fence(1), None)
    );
    assert_eq!(
        (first.slug.as_str(), first.payload.title.as_str()),
        ("a-1", "a 1")
    );
    assert_eq!(
        (first.item.content_id.as_str(), first.request_id.as_str()),
        ("a", "a-1")
    );
    assert_eq!((first.lease, first.released_at), (LEASE, bench.now()));
    bench.accept(&post("a", 2)).await;
    let second = bench.claim_one("blog").await;
    assert_eq!(
        (second.generation, second.newest),
        (second.newest, first.generation.next())
    );
    assert_eq!(second.shown, Some((first.generation, shown(&first))));
    assert!(second.undisturbed && !second.owes_look);
    assert_eq!(second.ended, None);
}

pub(crate) async fn room_that_one_class_leaves_another_takes(bench: &Bench) {
    for content in ["a", "b", "c"] {
        bench.accept(&post(content, 1)).await;
    }
    let room = Room {
        node: 2,
        ..Room::default()
    };
    let wants = [Class::Urgent, Class::Standard].map(|class| Want {
        room,
        ..want("blog", class)
    });
    let first = bench.store.claim(wants.to_vec()).await.unwrap().jobs;
    assert_eq!(
        first.len(),
        2,
        "nothing urgent waits, so all the room is free"
    );
    bench.accept(&post("d", 1).class("urgent")).await;
    bench.accept(&post("e", 1)).await;
    let second = bench.store.claim(wants.to_vec()).await.unwrap().jobs;
    let classes: Vec<Class> = second.iter().map(|job| job.class).collect();
    assert_eq!(
        classes,
        [Class::Urgent, Class::Standard],
        "both share the room"
    );
}

pub(crate) async fn the_most_urgent_and_oldest_come_first(bench: &Bench) {
    for (content, class) in [
        ("a", "bulk"),
        ("b", "standard"),
        ("c", "urgent"),
        ("d", "standard"),
    ] {
        bench.accept(&post(content, 1).class(class)).await;
        bench.clock.advance(Duration::from_secs(1));
    }
    let wants = [Class::Urgent, Class::Standard, Class::Bulk].map(|class| want("blog", class));
    let jobs = bench.store.claim(wants.into()).await.unwrap().jobs;
    let order: Vec<_> = jobs
        .iter()
        .map(|job| job.item.content_id.as_str())
        .collect();
    assert_eq!(order, ["c", "b", "d", "a"]);
    assert!(bench.claim("nowhere").await.is_empty());
}

pub(crate) async fn a_lane_has_one_run_at_a_time(bench: &Bench) {
    let everywhere = ["blog", "merged", "build"];
    bench.accept(&post("a", 1).to(&everywhere)).await;
    bench
        .accept(&post("a", 1).locale("de").to(&everywhere))
        .await;
    bench.accept(&post("b", 1).to(&everywhere)).await;
    assert_eq!(
        bench.claim("blog").await.len(),
        3,
        "a lane for each item and locale"
    );
    let merged = bench.claim("merged").await;
    assert_eq!(merged.len(), 2, "the locales of an item share a lane");
    assert_eq!(bench.claim("build").await.len(), 1, "one lane for all");
    assert!(bench.claim("merged").await.is_empty());
    bench.live(&merged[0]).await;
    let next = bench.claim_one("merged").await;
    assert_eq!(
        (next.item.content_id.as_str(), next.item.locale.as_str()),
        ("a", "de")
    );
    assert!(bench.claim("build").await.is_empty());
}

pub(crate) async fn only_the_holder_of_the_fence_settles(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    let stranger = ClaimedJob {
        fence: Fence(job.fence.0 - 1),
        ..job.clone()
    };
    assert!(!bench.settle(live(&stranger)).await);
    assert_eq!(bench.job(job.job).await.state, JobState::Delivering);
    bench.live(&job).await;
    assert!(
        !bench.settle(ended(&job, Verdict::Dead(failure()))).await,
        "a settled run has no right left"
    );
    let settled = bench.job(job.job).await;
    assert_eq!(
        (settled.state, settled.evidence.as_deref()),
        (JobState::Live, Some("read_back"))
    );
    assert_eq!(settled.downstream_ids["post"], "17");
    assert_eq!(settled.url.as_deref(), Some("https://blog.example/p"));
}

pub(crate) async fn a_retry_waits_for_its_time(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    let at = bench.now().plus(Duration::from_secs(5));
    assert!(
        bench
            .settle(ended(
                &job,
                Verdict::Retry {
                    at,
                    failure: failure()
                }
            ))
            .await
    );
    let waiting = bench.job(job.job).await;
    assert_eq!(
        (
            waiting.state,
            waiting.next_attempt_at,
            waiting.attempt_count
        ),
        (JobState::Queued, Some(at), 1)
    );
    assert_eq!(
        (waiting.reason_code, waiting.suggested_action),
        (Some(Reason::ServerError), None)
    );
    let claimed = bench
        .store
        .claim(vec![want("blog", Class::Standard)])
        .await
        .unwrap();
    assert_eq!((claimed.jobs.len(), claimed.next_due), (0, Some(at)));
    bench.clock.advance(Duration::from_secs(5));
    let again = bench.claim_one("blog").await;
    assert_eq!((again.attempt, again.fence), (2, Fence(2)));
    bench.live(&again).await;
    let detail = bench.store.job("default", job.job).await.unwrap().unwrap();
    let outcomes: Vec<_> = detail
        .attempts
        .iter()
        .map(|run| (run.number, run.outcome.as_str(), run.reason_code))
        .collect();
    assert_eq!(
        outcomes,
        [(1, "retry", Some(Reason::ServerError)), (2, "live", None)]
    );
    assert_eq!(detail.job.last_error, None);
}

pub(crate) async fn being_put_back_costs_no_attempt(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    assert!(
        bench
            .settle(ended(
                &job,
                Verdict::PutBack {
                    at: bench.now(),
                    failure: failure()
                }
            ))
            .await
    );
    assert_eq!(bench.job(job.job).await.attempt_count, 0);
    assert_eq!(bench.claim_one("blog").await.attempt, 1);
}

pub(crate) async fn a_dead_letter_says_why(bench: &Bench) {
    let decided = bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    let refused = slugline_core::failure::Failure::new(Reason::InvalidContent, "title too long")
        .with_fields(["payload.title".into()]);
    assert!(bench.settle(ended(&job, Verdict::Dead(refused))).await);
    let dead = bench.job(job.job).await;
    assert_eq!(
        (dead.state, dead.reason_code),
        (JobState::Failed, Some(Reason::InvalidContent))
    );
    assert_eq!(
        (dead.suggested_action, dead.fields),
        (
            Some(SuggestedAction::EditThenRetry),
            vec!["payload.title".to_owned()]
        )
    );
    assert_eq!(bench.state(&decided).await, JobState::Failed);
    assert!(bench.claim("blog").await.is_empty());
    let at = &bench.content("a").await.destinations[0];
    assert!(!at.in_sync && at.job.as_ref().unwrap().state == JobState::Failed);
}

pub(crate) async fn a_lost_run_where_nothing_can_be_seen_owes_no_look(bench: &Bench) {
    bench.accept(&post("a", 1).to(&["build"])).await;
    bench.claim_one("build").await;
    bench.clock.advance(LEASE + TIMEOUT);
    assert_eq!(bench.store.rescue(10).await.unwrap(), 1);
    let again = bench.claim_one("build").await;
    assert!(!again.owes_look);
    bench.live(&again).await;
    let evidence = bench.job(again.job).await.evidence;
    assert_eq!(evidence.as_deref(), Some("read_back"));
}

pub(crate) async fn a_lost_run_is_taken_back(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let lost = bench.claim_one("blog").await;
    bench
        .clock
        .advance(LEASE + TIMEOUT - Duration::from_micros(1));
    assert_eq!(
        bench.store.rescue(10).await.unwrap(),
        0,
        "a request of its last moment may still run"
    );
    bench.clock.advance(Duration::from_micros(1));
    assert_eq!(bench.store.rescue(10).await.unwrap(), 1);
    assert!(!bench.settle(live(&lost)).await);
    let again = bench.claim_one("blog").await;
    assert_eq!((again.attempt, again.fence), (1, Fence(2)));
    assert!(again.owes_look, "what the lost run wrote is not known");
    bench.live(&again).await;
    assert_eq!(
        bench.job(lost.job).await.evidence.as_deref(),
        Some("second look due")
    );
    let detail = bench.store.job("default", lost.job).await.unwrap().unwrap();
    assert_eq!(
        detail
            .attempts
            .iter()
            .map(|run| run.outcome.as_str())
            .collect::<Vec<_>>(),
        ["rescued", "live"]
    );
}

pub(crate) async fn a_lease_can_be_prolonged_while_it_is_held(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    let lease = Lease {
        job: job.job,
        fence: job.fence,
        lease: LEASE,
    };
    bench.clock.advance(LEASE);
    let renewed = bench.store.renew(vec![lease.clone()]).await.unwrap();
    assert_eq!(renewed, [true]);
    bench.clock.advance(TIMEOUT);
    assert_eq!(bench.store.rescue(10).await.unwrap(), 0);
    bench.live(&job).await;
    assert_eq!(bench.store.renew(vec![lease]).await.unwrap(), [false]);
}

pub(crate) async fn a_job_past_its_deadline_is_given_up(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    bench.accept(&post("b", 1).class("bulk")).await;
    let job = bench.claim_one("blog").await;
    let at = bench.now().plus(Duration::from_secs(7_200));
    bench
        .settle(ended(
            &job,
            Verdict::PutBack {
                at,
                failure: failure(),
            },
        ))
        .await;
    let deadlines = vec![Deadline {
        class: Class::Standard,
        after: Duration::from_secs(3_600),
    }];
    assert_eq!(bench.store.expire(deadlines.clone(), 10).await.unwrap(), 0);
    bench.clock.advance(Duration::from_secs(3_601));
    assert_eq!(bench.store.expire(deadlines, 10).await.unwrap(), 1);
    let given_up = bench.job(job.job).await;
    assert_eq!(
        (given_up.state, given_up.reason_code),
        (JobState::Failed, Some(Reason::DeadlineExceeded))
    );
    assert!(
        given_up.last_error.unwrap().contains("answered 502"),
        "and says what stood in its way"
    );
    assert_eq!(
        bench.store.pressure().open_jobs,
        1,
        "the bulk job has more patience"
    );
}

pub(crate) async fn effects_are_recorded_by_their_run_only(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    let entry = EffectKey::Item("entry");
    let picture = EffectKey::Shared("media", "ab".repeat(32));
    let change = |key: &EffectKey, result: Option<&str>| EffectChange {
        job: job.job,
        fence: job.fence,
        key: key.clone(),
        result_ref: result.map(str::to_owned),
    };
    let changes = vec![
        change(&entry, Some("17")),
        change(&picture, Some("5")),
        change(&entry, Some("18")),
    ];
    assert_eq!(bench.store.record(changes).await.unwrap(), [true; 3]);
    assert_eq!(
        bench
            .store
            .shared_effect("blog", &picture.to_string())
            .await
            .unwrap()
            .as_deref(),
        Some("5")
    );
    assert_eq!(
        bench
            .store
            .shared_effect("shop", &picture.to_string())
            .await
            .unwrap(),
        None
    );
    let at = bench.now();
    bench
        .settle(ended(
            &job,
            Verdict::PutBack {
                at,
                failure: failure(),
            },
        ))
        .await;
    assert_eq!(
        bench
            .store
            .record(vec![change(&entry, None)])
            .await
            .unwrap(),
        [false],
        "its lease is gone"
    );
    let next = bench.claim_one("blog").await;
    assert_eq!(next.effects, [("entry".to_owned(), "18".to_owned())].into());
    let forget = EffectChange {
        job: next.job,
        fence: next.fence,
        key: entry,
        result_ref: None,
    };
    assert_eq!(bench.store.record(vec![forget]).await.unwrap(), [true]);
    assert!(bench.job(next.job).await.effects.is_empty());
}

pub(crate) async fn a_shared_thing_has_one_holder(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    bench.accept(&post("b", 1)).await;
    let jobs = bench.claim("blog").await;
    let hold = |job: &ClaimedJob| Hold {
        job: job.job,
        fence: job.fence,
        key: EffectKey::Shared("term", "tag:rust".into()),
    };
    assert_eq!(
        bench
            .store
            .hold(vec![hold(&jobs[0]), hold(&jobs[1]), hold(&jobs[0])])
            .await
            .unwrap(),
        [true, false, true]
    );
    bench.live(&jobs[0]).await;
    assert_eq!(
        bench
            .store
            .hold(vec![hold(&jobs[1]), hold(&jobs[0])])
            .await
            .unwrap(),
        [true, false]
    );
    bench.clock.advance(LEASE + TIMEOUT);
    bench.store.rescue(10).await.unwrap();
    let again = bench.claim_one("blog").await;
    assert_eq!(
        bench.store.hold(vec![hold(&again)]).await.unwrap(),
        [true],
        "a lost run holds nothing"
    );
}

pub(crate) async fn a_nudge_comes_with_work(bench: &Bench) {
    while bench.store.nudged().now_or_never().is_some() {}
    let waiting = bench.store.nudged();
    bench.accept(&post("a", 1)).await;
    waiting.await;
    let job = bench.claim_one("blog").await;
    bench.accept(&post("a", 2)).await;
    while bench.store.nudged().now_or_never().is_some() {}
    let waiting = bench.store.nudged();
    bench.live(&job).await;
    waiting.await;
}

/// A nudge for nothing would have every node look for nothing, once for each delivery.
pub(crate) async fn a_lane_that_nobody_waits_for_nudges_nobody(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    while bench.store.nudged().now_or_never().is_some() {}
    bench.live(&job).await;
    assert!(bench.store.nudged().now_or_never().is_none());
}

pub(crate) async fn what_a_failed_run_sent_is_kept(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    let sent = Exchange {
        at: bench.now(),
        took_ms: 12,
        method: "POST".into(),
        url: "https://blog.example/posts".into(),
        request: Message::default(),
        status: Some(502),
        response: Some(Message {
            headers: [("content-type".into(), "text/html".into())].into(),
            body: Some("\"oops\" – \u{1f600}".into()),
            body_bytes: 9,
        }),
        error: None,
    };
    let dead = Settlement {
        exchanges: vec![sent.clone()],
        ..ended(&job, Verdict::Dead(failure()))
    };
    assert_eq!(bench.store.settle(vec![dead]).await.unwrap(), [true]);
    let detail = bench.store.job("default", job.job).await.unwrap().unwrap();
    assert_eq!(detail.attempts[0].exchanges, [sent]);
    let next = bench.published(&post("b", 1)).await;
    let detail = bench.store.job("default", next.job).await.unwrap().unwrap();
    assert!(detail.attempts[0].exchanges.is_empty());
}
