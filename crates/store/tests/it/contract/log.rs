//! The log: entries, pages, seals.

use std::time::Duration;

use serde_json::json;
use slugline_core::event::{EventType, LogEntry};
use slugline_core::ids::JobId;
use slugline_core::lifecycle::Verdict;
use slugline_engine::store::{EventFilter, Page, Retention};

use crate::bench::{Bench, ended, failure, post};

const HOUR: Duration = Duration::from_secs(3_600);

async fn entries(bench: &Bench, filter: EventFilter) -> Vec<LogEntry> {
    bench
        .store
        .events(
            filter,
            Page {
                limit: 10_000,
                cursor: None,
            },
        )
        .await
        .unwrap()
        .items
}

fn kinds(entries: &[LogEntry]) -> Vec<EventType> {
    entries.iter().map(|entry| entry.kind).collect()
}

pub(crate) async fn every_change_has_an_entry(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    let at = bench.now();
    bench
        .settle(ended(
            &job,
            Verdict::Retry {
                at,
                failure: failure(),
            },
        ))
        .await;
    let job = bench.claim_one("blog").await;
    bench.live(&job).await;
    bench.accept(&post("a", 0)).await;
    let log = entries(bench, EventFilter::default()).await;
    use EventType::{
        DeliveryRetry, DeliveryStarted, PublishRequest, PublishSucceeded, Released,
        StaleUpdateIgnored,
    };
    let expected = [
        PublishRequest,
        Released,
        DeliveryStarted,
        DeliveryRetry,
        DeliveryStarted,
        PublishSucceeded,
        StaleUpdateIgnored,
    ];
    assert_eq!(kinds(&log), expected);
    assert_eq!(
        (log[0].actor.as_str(), log[5].actor.as_str()),
        ("token:test", "engine")
    );
    assert!(
        log.iter()
            .all(|entry| entry.content_id == "a" && entry.at == bench.now())
    );
    assert!(log[..6].iter().all(|entry| entry.request_id == "a-1"));
    assert_eq!(log[5].downstream_ids["post"], "17");
    assert_eq!(log[3].detail["reason"], "destination_error");
    assert_eq!(log[5].detail["destination"], "blog");
    assert_eq!(
        (&log[0].detail["owner"], &log[0].detail["locale"]),
        (&"default".into(), &"en".into())
    );
}

pub(crate) async fn its_end_is_its_last_entry(bench: &Bench) {
    assert_eq!(bench.store.log_end().await.unwrap(), 0, "it is empty");
    for version in 1..=3 {
        bench.accept(&post("a", version)).await;
        let end = bench.store.log_end().await.unwrap();
        let log = entries(bench, EventFilter::default()).await;
        assert_eq!(Some(end), log.last().map(|entry| entry.seq));
    }
}

pub(crate) async fn a_runs_entries_say_which_run_it_was(bench: &Bench) {
    use EventType::*;
    bench.accept(&post("a", 7)).await;
    let at = bench.now();
    let retry = Verdict::Retry {
        at,
        failure: failure(),
    };
    let job = bench.claim_one("blog").await;
    bench.settle(ended(&job, retry)).await;
    let job = bench.claim_one("blog").await;
    bench.live(&job).await;
    bench.accept(&post("b", 7)).await;
    let job = bench.claim_one("blog").await;
    bench.settle(ended(&job, Verdict::Dead(failure()))).await;
    let log = entries(bench, EventFilter::default()).await;
    let said: Vec<_> = log
        .iter()
        .map(|entry| {
            (
                entry.kind,
                entry
                    .detail
                    .get("attempt")
                    .and_then(|attempt| attempt.as_u64()),
            )
        })
        .collect();
    let expected = [
        (PublishRequest, None),
        (Released, None),
        (DeliveryStarted, Some(1)),
        (DeliveryRetry, Some(1)),
        (DeliveryStarted, Some(2)),
        (PublishSucceeded, Some(2)),
        (PublishRequest, None),
        (Released, None),
        (DeliveryStarted, Some(1)),
        (PublishFailed, Some(1)),
    ];
    assert_eq!(said, expected);
    assert!(log.iter().all(|entry| entry.detail["version"] == 7));
}

pub(crate) async fn entries_have_no_gaps_and_pages_follow(bench: &Bench) {
    for version in 1..=10 {
        bench.accept(&post("a", version)).await;
        // Refusals leave no entry and no gap.
        bench.refused(&post("b", version).to(&["nowhere"])).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = bench
            .store
            .events(EventFilter::default(), Page { limit: 4, cursor })
            .await
            .unwrap();
        seen.extend(page.items.iter().map(|entry| entry.seq));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let last = i64::try_from(seen.len()).unwrap();
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
    assert_eq!(last, 29, "10 requests, 10 releases, 9 superseded");
}

pub(crate) async fn filters_find_what_belongs_together(bench: &Bench) {
    bench.published(&post("a", 2)).await;
    bench.published(&post("b", 1)).await;
    bench.accept(&post("a", 1)).await;
    let find = async |filter| kinds(&entries(bench, filter).await);
    let content = EventFilter {
        content_id: Some("a".into()),
        ..EventFilter::default()
    };
    assert_eq!(
        find(content).await.len(),
        5,
        "four of the publish, one stale request"
    );
    let request = EventFilter {
        request_id: Some("b-1".into()),
        ..EventFilter::default()
    };
    assert_eq!(find(request).await.len(), 4);
    let stale = EventFilter {
        request_id: Some("a-1".into()),
        ..EventFilter::default()
    };
    assert_eq!(find(stale).await, [EventType::StaleUpdateIgnored]);
    let kind = EventFilter {
        kind: Some("publish_succeeded".into()),
        actor: Some("engine".into()),
        ..EventFilter::default()
    };
    assert_eq!(find(kind).await, [EventType::PublishSucceeded; 2]);
    let foreign = EventFilter {
        owner: Some("other".into()),
        content_id: Some("a".into()),
        ..EventFilter::default()
    };
    assert!(find(foreign).await.is_empty());
}

pub(crate) async fn a_job_has_its_own_entries(bench: &Bench) {
    let two = post("a", 1).to(&["blog", "build"]);
    let job = bench.published(&two).await.job;
    bench.published(&post("b", 1)).await;
    let of_job = EventFilter {
        job_id: Some(job),
        ..EventFilter::default()
    };
    let found = entries(bench, of_job.clone()).await;
    // The request and its other job have entries of their own.
    let expected = [EventType::DeliveryStarted, EventType::PublishSucceeded];
    assert_eq!(kinds(&found), expected);
    assert!(
        found
            .iter()
            .all(|entry| entry.detail["job_id"] == json!(job))
    );
    let page = Page {
        limit: 100,
        cursor: None,
    };
    let newest = bench.store.recent(of_job.clone(), page).await.unwrap();
    let back: Vec<LogEntry> = newest.items.into_iter().rev().collect();
    assert_eq!(back, found);
    for nothing in [
        EventFilter {
            content_id: Some("b".into()),
            ..of_job.clone()
        },
        EventFilter {
            owner: Some("other".into()),
            ..of_job.clone()
        },
        EventFilter {
            job_id: Some(JobId(job.0 + 1_000)),
            ..of_job
        },
    ] {
        assert!(entries(bench, nothing).await.is_empty());
    }
}

pub(crate) async fn a_sealed_log_checks_out(bench: &Bench) {
    for version in 1..=400 {
        bench.accept(&post("a", version)).await;
    }
    assert_eq!(bench.store.seal(HOUR).await.unwrap(), 1, "a full one");
    let check = bench.store.verify_log().await.unwrap();
    assert_eq!(
        (check.segments, check.entries, check.unsealed),
        (1, 1_199, 199)
    );
    assert_eq!(check.faults, Vec::<String>::new());
    assert_eq!(bench.store.seal(HOUR).await.unwrap(), 0);
    bench.clock.advance(HOUR);
    assert_eq!(
        bench.store.seal(HOUR).await.unwrap(),
        1,
        "the rest, as it is old"
    );
    assert_eq!(bench.store.seal(HOUR).await.unwrap(), 0);
    let check = bench.store.verify_log().await.unwrap();
    assert_eq!(
        (check.segments, check.unsealed, check.faults.len()),
        (2, 0, 0)
    );
    assert_eq!(bench.store.counts().await.unwrap().log_entries, 1_199);
}

pub(crate) async fn the_first_entries_can_be_erased(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    bench.clock.advance(2 * HOUR);
    bench.store.seal(HOUR).await.unwrap();
    let policy = Retention {
        revisions: HOUR,
        attempts: HOUR,
        log: HOUR,
        media: HOUR,
    };
    assert!(bench.store.prune(policy, 100).await.unwrap() >= 2);
    assert!(entries(bench, EventFilter::default()).await.is_empty());
    bench.accept(&post("a", 2)).await;
    let log = entries(bench, EventFilter::default()).await;
    assert_eq!(log[0].seq, 3, "numbers are not given out again");
    bench.clock.advance(HOUR);
    assert_eq!(bench.store.seal(HOUR).await.unwrap(), 1);
    let check = bench.store.verify_log().await.unwrap();
    assert_eq!(
        (check.segments, check.entries, check.faults.len()),
        (1, 3, 0),
        "the erased segment's hash still chains"
    );
}
