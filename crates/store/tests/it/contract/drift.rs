//! Entries of ours that others speak of, and looks whether they are still as desired.

use std::time::Duration;

use slugline_core::drift::Drift;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::port::{ENTRY, EffectKey};
use slugline_core::version::Generation;
use slugline_engine::store::{
    ClaimedJob, ContentAt, EffectChange, EventFilter, Found, Page, Settlement,
};

use crate::bench::{Bench, LEASE, TIMEOUT, ended, failure, live, post};

const SOON: Duration = Duration::from_secs(2);

/// Brings a post live as an entry of this name.
async fn live_as(bench: &Bench, name: &str) -> ClaimedJob {
    bench.accept(&post("a", 1).slug("a")).await;
    let job = bench.claim_one("blog").await;
    remember(bench, &job, &ENTRY, Some(name)).await;
    bench.live(&job).await;
    job
}

async fn remember(bench: &Bench, job: &ClaimedJob, key: &EffectKey, result: Option<&str>) {
    let change = EffectChange {
        job: job.job,
        fence: job.fence,
        key: key.clone(),
        result_ref: result.map(str::to_owned),
    };
    assert_eq!(bench.store.record(vec![change]).await.unwrap(), [true]);
}

async fn check_soon(bench: &Bench, entry: &str) {
    let asked = bench.store.check_soon("blog", entry, SOON);
    asked.await.unwrap();
}

async fn check(bench: &Bench) -> ClaimedJob {
    let mut checks = bench.claim_looks("blog").await;
    assert_eq!(checks.len(), 1);
    let check = checks.remove(0);
    assert!(check.ended.is_some() && !check.owes_look, "it owes nothing");
    check
}

fn found(check: &ClaimedJob, drift: Option<Drift>) -> Settlement {
    Settlement {
        wrote: false,
        looked: true,
        drift: drift.map(|kind| Found {
            kind,
            fingerprint: Some("by hand".into()),
        }),
        ..ended(check, Verdict::Superseded)
    }
}

async fn at_blog(bench: &Bench) -> ContentAt {
    let content = bench.content("a").await;
    let mut at = content.destinations.into_iter();
    at.find(|at| at.destination == "blog").unwrap()
}

async fn logged(bench: &Bench, kind: &str) -> Vec<String> {
    let filter = EventFilter {
        kind: Some(kind.into()),
        ..EventFilter::default()
    };
    let page = Page {
        limit: 100,
        cursor: None,
    };
    bench.store.seal(Duration::MAX).await.unwrap();
    let entries = bench.store.events(filter, page).await.unwrap().items;
    entries.into_iter().map(|entry| entry.outcome).collect()
}

pub(crate) async fn an_entry_is_known_by_every_name_that_it_had(bench: &Bench) {
    let own = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let found = bench.store.own_entry("blog", names);
        async move { found.await.unwrap() }
    };
    assert_eq!(own(&["posts/17"]).await, None);
    let job = live_as(bench, "posts/17").await;
    let entry = own(&["pages/17", "posts/17"]).await.unwrap();
    assert_eq!((entry.item, entry.name), (job.item, "posts/17".into()));
    assert_eq!(entry.slug.as_deref(), Some("a"));
    bench.accept(&post("a", 2).action("delete")).await;
    let removal = bench.claim_one("blog").await;
    remember(bench, &removal, &ENTRY, None).await;
    bench.live(&removal).await;
    assert!(
        own(&["posts/17"]).await.is_some(),
        "others speak of it later"
    );
    assert_eq!(own(&[]).await, None);
    let elsewhere = bench.store.own_entry("shop", vec!["posts/17".into()]);
    assert_eq!(elsewhere.await.unwrap(), None);
}

pub(crate) async fn a_check_changes_only_what_is_known(bench: &Bench) {
    let job = live_as(bench, "posts/17").await;
    check_soon(bench, "posts/17").await;
    check_soon(bench, "posts/99").await;
    assert!(bench.claim_looks("blog").await.is_empty());
    let before = bench.job(job.job).await;
    assert_eq!(before.evidence.as_deref(), Some("read_back"));
    assert_eq!(bench.store.counts().await.unwrap().looks_owed, 0);
    bench.clock.advance(SOON);
    let first = check(bench).await;
    assert!(bench.settle(found(&first, Some(Drift::Diverged))).await);
    let at = at_blog(bench).await;
    let drift = at.drift.unwrap();
    assert_eq!((drift.kind, drift.found_at), (Drift::Diverged, bench.now()));
    assert!(!at.in_sync);
    assert_eq!(bench.job(job.job).await.state, JobState::Live);
    assert_eq!(logged(bench, "drift_found").await, ["diverged"]);
    assert!(bench.claim_looks("blog").await.is_empty());

    check_soon(bench, "posts/17").await;
    bench.clock.advance(SOON);
    let again = check(bench).await;
    assert!(bench.settle(found(&again, Some(Drift::Diverged))).await);
    assert_eq!(at_blog(bench).await.drift, Some(drift), "since then");
    assert_eq!(logged(bench, "drift_found").await.len(), 1, "said once");

    check_soon(bench, "posts/17").await;
    bench.clock.advance(SOON);
    assert!(bench.settle(found(&check(bench).await, None)).await);
    let at = at_blog(bench).await;
    assert!(at.in_sync && at.drift.is_none());
    assert_eq!(logged(bench, "drift_ended").await, ["in_sync"]);
}

pub(crate) async fn what_is_verified_has_not_drifted(bench: &Bench) {
    live_as(bench, "posts/17").await;
    check_soon(bench, "posts/17").await;
    bench.clock.advance(SOON);
    let found = found(&check(bench).await, Some(Drift::Missing));
    assert!(bench.settle(found).await);
    bench.accept(&post("a", 2)).await;
    let next = bench.claim_one("blog").await;
    assert_eq!(at_blog(bench).await.drift.unwrap().kind, Drift::Missing);
    bench.live(&next).await;
    assert!(at_blog(bench).await.in_sync);
}

pub(crate) async fn a_check_asked_for_during_a_check_comes(bench: &Bench) {
    live_as(bench, "posts/17").await;
    check_soon(bench, "posts/17").await;
    bench.clock.advance(SOON);
    let first = check(bench).await;
    check_soon(bench, "posts/17").await;
    assert!(bench.settle(found(&first, None)).await);
    assert!(bench.claim_looks("blog").await.is_empty());
    bench.clock.advance(SOON);
    let second = check(bench).await;
    let at = bench.now().plus(SOON * 2);
    let failure = failure();
    let failed = ended(&second, Verdict::Retry { at, failure });
    let failed = Settlement {
        looked: false,
        ..failed
    };
    assert!(bench.settle(failed).await);
    bench.clock.advance(SOON);
    assert!(bench.claim_looks("blog").await.is_empty(), "not yet");
    bench.clock.advance(SOON);
    assert!(bench.settle(found(&check(bench).await, None)).await);
    assert!(bench.claim_looks("blog").await.is_empty());
}

pub(crate) async fn a_lost_check_comes_again_and_owes_nothing(bench: &Bench) {
    let job = live_as(bench, "posts/17").await;
    check_soon(bench, "posts/17").await;
    bench.clock.advance(SOON);
    let lost = check(bench).await;
    bench.clock.advance(LEASE + TIMEOUT);
    assert_eq!(bench.store.rescue(10).await.unwrap(), 1);
    assert!(!bench.settle(found(&lost, Some(Drift::Stale))).await);
    let again = check(bench).await;
    assert!(again.undisturbed, "it only read");
    assert!(bench.settle(found(&again, None)).await);
    assert_eq!(bench.job(job.job).await.state, JobState::Live);
}

pub(crate) async fn a_second_look_that_is_owed_is_enough(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let job = bench.claim_one("blog").await;
    remember(bench, &job, &ENTRY, Some("posts/17")).await;
    let doubtful = Settlement {
        look_after: Some(SOON * 10),
        ..live(&job)
    };
    assert!(bench.settle(doubtful).await);
    check_soon(bench, "posts/17").await;
    bench.clock.advance(SOON);
    assert!(bench.claim_looks("blog").await.is_empty());
    bench.clock.advance(SOON * 9);
    let looks = bench.claim_looks("blog").await;
    assert!(looks[0].owes_look);
    bench.live(&looks[0]).await;
    assert_eq!(at_blog(bench).await.shown_generation, Some(Generation(1)));
    assert!(bench.claim_looks("blog").await.is_empty());
}
