//! Jobs that a run takes in the moment of acceptance.

use std::time::Duration;

use slugline_core::ids::{Fence, JobId};
use slugline_core::intake::{Offer, Submission};
use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::pause::Pausable;
use slugline_engine::store::{ClaimedJob, Decided, EventFilter, Page, PauseOrder};

use super::pace;
use crate::bench::{Bench, LEASE, Post, TIMEOUT, ended, failure, live, post};

/// A submission with room for it at these destinations.
fn with_room(bench: &Bench, post: &Post, destinations: &[&str]) -> Submission {
    let offer = |name: &&str| Offer {
        destination: (*name).into(),
        lease: LEASE,
    };
    Submission {
        offers: destinations.iter().map(offer).collect(),
        ..post.submission(bench.now())
    }
}

async fn offered(bench: &Bench, post: &Post, destinations: &[&str]) -> Decided {
    let submission = with_room(bench, post, destinations);
    let decided = bench.store.accept(vec![submission]).await.unwrap();
    decided.into_iter().next().unwrap().unwrap()
}

async fn begun(bench: &Bench, post: &Post) -> ClaimedJob {
    let mut begun = offered(bench, post, &["blog"]).await.begun;
    assert_eq!(begun.len(), 1, "it begins");
    begun.remove(0)
}

/// Whether it is queued as if nothing had been offered.
async fn waits(bench: &Bench, post: &Post) -> bool {
    let decided = offered(bench, post, &["blog", "merged", "build"]).await;
    decided.begun.is_empty()
}

pub(crate) async fn what_begins_is_what_a_claim_would_give(bench: &Bench) {
    let one = begun(bench, &post("a", 3).slug("same")).await;
    bench.accept(&post("b", 3).slug("other")).await;
    let other = bench.claim_one("blog").await;
    let alike = ClaimedJob {
        job: other.job,
        publish: other.publish,
        item: other.item.clone(),
        request_id: other.request_id.clone(),
        slug: other.slug.clone(),
        payload: other.payload.clone(),
        ..one.clone()
    };
    assert_eq!(alike, other);
    assert_eq!(
        (one.slug.as_str(), one.payload.title.as_str()),
        ("same", "a 3")
    );
    let said = async |request_id: &str, job: JobId| {
        let filter = EventFilter {
            request_id: Some(request_id.to_owned()),
            ..EventFilter::default()
        };
        let page = Page {
            limit: 20,
            cursor: None,
        };
        let events = bench.store.events(filter, page).await.unwrap().items;
        assert_eq!(bench.job(job).await.state, JobState::Delivering);
        let told = events.into_iter().map(|entry| {
            let mut said = entry.detail.clone();
            for own in ["job_id", "publish_id", "raw", "body"] {
                said.remove(own);
            }
            (entry.kind, entry.outcome, said)
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        said(&one.request_id, one.job).await,
        said(&other.request_id, other.job).await,
        "and the log says the same"
    );
}

pub(crate) async fn what_has_begun_is_nobody_elses(bench: &Bench) {
    let job = begun(bench, &post("a", 1)).await;
    assert!(bench.claim("blog").await.is_empty());
    let again = offered(bench, &post("a", 1), &["blog"]).await;
    assert!(again.begun.is_empty(), "a repeat begins nothing");
    // What is newer waits for the lane, and follows.
    assert!(
        offered(bench, &post("a", 2), &["blog"])
            .await
            .begun
            .is_empty()
    );
    assert!(bench.claim("blog").await.is_empty());
    let foreign = ClaimedJob {
        fence: Fence(2),
        ..job.clone()
    };
    assert!(!bench.settle(live(&foreign)).await);
    assert!(bench.settle(live(&job)).await);
    let newer = bench.claim_one("blog").await;
    assert_eq!(
        newer.shown.as_ref().map(|(at, _)| *at),
        Some(job.generation)
    );
    assert!(bench.settle(live(&newer)).await);
    assert_eq!(bench.store.pressure().open_jobs, 0);
}

pub(crate) async fn a_run_that_began_and_was_lost_is_taken_back(bench: &Bench) {
    let job = begun(bench, &post("a", 1)).await;
    bench
        .clock
        .advance(LEASE + TIMEOUT + Duration::from_secs(1));
    assert_eq!(bench.store.rescue(10).await.unwrap(), 1);
    let again = bench.claim_one("blog").await;
    assert_eq!((again.job, again.fence), (job.job, Fence(2)));
    assert!(!bench.settle(live(&job)).await, "its right is lost");
}

pub(crate) async fn a_run_that_began_is_retried_like_others(bench: &Bench) {
    let job = begun(bench, &post("a", 1)).await;
    let at = bench.now().plus(Duration::from_secs(60));
    let retry = Verdict::Retry {
        at,
        failure: failure(),
    };
    assert!(bench.settle(ended(&job, retry)).await);
    assert!(bench.claim("blog").await.is_empty());
    bench.clock.advance(Duration::from_secs(61));
    assert_eq!(bench.claim_one("blog").await.attempt, 2);
}

pub(crate) async fn what_a_claim_might_hold_back_does_not_begin(bench: &Bench) {
    bench.published(&post("known", 1)).await;
    assert!(
        waits(bench, &post("known", 2)).await,
        "its lane may be taken"
    );
    assert!(waits(bench, &post("of-all", 1).to(&["build"])).await);
    begun(bench, &post("both", 1).to(&["blog", "merged"])).await;
    let second = post("both", 1).locale("de").key("both-de");
    assert!(
        waits(bench, &second.to(&["merged"])).await,
        "its locales share a lane there"
    );
    let later = bench.now().plus(Duration::from_secs(60));
    assert!(waits(bench, &post("later", 1).at(later)).await);
    assert!(waits(bench, &post("needs", 1).after(&["later"])).await);
    assert!(waits(bench, &post("gone", 1).action("unpublish")).await);
    let fetched = r#"[{"role":"hero","url":"https://images.example/a.png","alt":"a"}]"#;
    assert!(waits(bench, &post("hero", 1).media(fetched)).await);
}

pub(crate) async fn nothing_begins_beside_a_pause_or_a_pace(bench: &Bench) {
    let of = Pausable::Class { class: Class::Bulk };
    let order = PauseOrder {
        of: of.clone(),
        actor: "token:ops".into(),
        note: String::new(),
    };
    bench.store.pause(order).await.unwrap();
    assert!(waits(bench, &post("a", 1)).await);
    bench.store.resume(of, "token:ops".into()).await.unwrap();
    begun(bench, &post("b", 1)).await;
    pace::set(bench, pace::daily(6)).await;
    assert!(waits(bench, &post("c", 1)).await);
}

pub(crate) async fn what_begins_in_one_call_is_seen_by_the_rest_of_it(bench: &Bench) {
    let both = [post("a", 1), post("a", 2)].map(|post| with_room(bench, &post, &["blog"]));
    let decided = bench.store.accept(both.into()).await.unwrap();
    let begun: Vec<usize> = decided
        .iter()
        .map(|decided| decided.as_ref().unwrap().begun.len())
        .collect();
    assert_eq!(begun, [1, 0]);
    assert!(bench.claim("blog").await.is_empty());
    let first = decided.into_iter().next().unwrap().unwrap().begun.remove(0);
    assert!(bench.settle(live(&first)).await);
    assert_eq!(
        bench.claim_one("blog").await.generation,
        first.generation.next()
    );
}
