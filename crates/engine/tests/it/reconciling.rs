//! Destinations compared with what is desired there: what is found, repaired and left alone.

use std::sync::atomic::Ordering;
use std::time::Duration;

use slugline_connectors::FakeEntry;
use slugline_core::drift::Drift;
use slugline_core::lifecycle::JobState;
use slugline_core::remedy::{Policy, Remedy};
use slugline_engine::destination::ReconcileSettings;
use slugline_engine::ports::Clock;
use slugline_engine::store::{
    Begun, DriftFilter, DriftedView, NewReconciliation, Page, ReconciliationState,
    ReconciliationView,
};

use crate::house::{House, request};

const ITEMS: usize = 30;
const PERSONS: usize = 120;

/// Which of the items what befell, by their numbers.
const LOST: [usize; 3] = [0, 1, 2];
const ALTERED: [usize; 3] = [3, 4, 5];
const BROUGHT_BACK: [usize; 3] = [6, 7, 8];

fn slug(number: usize) -> String {
    format!("item-{number}")
}

/// A blog with items of ours and posts of a person.
async fn furnish(house: &House) {
    let mut keys = Vec::new();
    for number in 0..ITEMS {
        let key = format!("r{number}");
        keys.push(house.publish(request(&key, &slug(number), 1)).await);
    }
    for key in &keys {
        house.surely_live(key).await;
    }
    for number in BROUGHT_BACK {
        let mut body = request(&format!("u{number}"), &slug(number), 2);
        body["action"] = "unpublish".into();
        let key = house.publish(body).await;
        house.surely_live(&key).await;
    }
    let now = house.clock.now();
    for number in 0..PERSONS {
        let mut blog = house.network.blog.lock().unwrap();
        blog.write_as_person(&format!("mine-{number}"), "mine", now);
    }
}

fn entries(house: &House) -> Vec<FakeEntry> {
    house.network.blog.lock().unwrap().entries()
}

fn entry(house: &House, slug: &str) -> Option<FakeEntry> {
    let found = entries(house).into_iter();
    found
        .filter(|entry| entry.status == "publish")
        .find(|entry| entry.slug == slug)
}

async fn id_of(house: &House, number: usize) -> u64 {
    let view = house.view(&format!("r{number}")).await;
    view.jobs[0].downstream_ids["post"].parse().unwrap()
}

/// What people do at the blog.
async fn meddle(house: &House) {
    let now = house.clock.now();
    for number in LOST.into_iter().chain(ALTERED).chain(BROUGHT_BACK) {
        let id = id_of(house, number).await;
        let mut blog = house.network.blog.lock().unwrap();
        match number {
            0..=2 => blog.lose(id),
            3..=5 => blog.retitle(id, "by hand", now),
            _ => blog.bring_back(id, &slug(number), now),
        }
    }
}

async fn begin(house: &House, (dry_run, believe_listing): (bool, bool)) -> ReconciliationView {
    house.clock.sleep(Duration::from_secs(1)).await;
    let new = NewReconciliation {
        destination: "wordpress".into(),
        actor: "token:test".into(),
        dry_run,
        believe_listing,
        unless_since: None,
    };
    match house.store.begin_reconciliation(new).await.unwrap() {
        Begun::New(view) => view,
        other => panic!("{other:?}"),
    }
}

async fn ended(house: &House, view: &ReconciliationView) -> ReconciliationView {
    loop {
        let id = view.reconciliation_id;
        let now = house.store.reconciliation(id).await.unwrap().unwrap();
        if now.state != ReconciliationState::Running {
            return now;
        }
        house.clock.sleep(Duration::from_millis(200)).await;
    }
}

async fn reconciled(house: &House, dry_run: bool) -> ReconciliationView {
    let view = begin(house, (dry_run, false)).await;
    ended(house, &view).await
}

async fn drifted(house: &House, kind: Drift) -> Vec<DriftedView> {
    let filter = DriftFilter {
        kind: Some(kind),
        ..DriftFilter::default()
    };
    let page = Page {
        limit: 100,
        cursor: None,
    };
    house.store.drifted(filter, page).await.unwrap().items
}

/// Waits until no drift of this kind is left.
async fn until_none(house: &House, kind: Drift) {
    while !drifted(house, kind).await.is_empty() {
        house.clock.sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_drifted_is_found_exactly_and_people_are_left_alone() {
    let house = House::open(1).await;
    furnish(&house).await;
    meddle(&house).await;
    let (before, writes) = (
        entries(&house),
        house.network.writes.load(Ordering::Relaxed),
    );
    let dry = reconciled(&house, true).await;
    assert_eq!(dry.state, ReconciliationState::Done, "{dry:?}");
    let counts = dry.counts;
    assert_eq!((counts.missing, counts.diverged, counts.extra), (3, 3, 3));
    assert_eq!((counts.stale, counts.repaired), (0, 0));
    assert_eq!(counts.unmanaged as usize, PERSONS);
    assert_eq!(counts.listed as usize, PERSONS + ITEMS - LOST.len());
    assert_eq!(counts.in_sync as usize, ITEMS - 9);
    assert_eq!(entries(&house), before, "a dry run only reads");
    assert_eq!(house.network.writes.load(Ordering::Relaxed), writes);

    let wet = reconciled(&house, false).await;
    assert_eq!(wet.counts.repaired, 3, "{wet:?}");
    until_none(&house, Drift::Missing).await;
    for number in LOST {
        assert!(entry(&house, &slug(number)).is_some(), "{number} is back");
    }
    for old in before {
        assert!(entries(&house).contains(&old), "{old:?} is as it was");
    }
    let publish = house.view("r0").await;
    assert_eq!((publish.state, publish.jobs.len()), (JobState::Live, 2));
    assert_eq!(drifted(&house, Drift::Diverged).await.len(), 3);
    let extra = drifted(&house, Drift::Extra).await;
    let names: Vec<&str> = extra.iter().map(|item| item.content_id.as_str()).collect();
    assert_eq!(names, ["item-6", "item-7", "item-8"]);

    let again = reconciled(&house, false).await;
    assert_eq!((again.counts.missing, again.counts.repaired), (0, 0));
    assert_eq!((again.counts.extra, again.counts.diverged), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_suspiciously_short_listing_stops_all() {
    let house = House::open(2).await;
    furnish(&house).await;
    for number in 0..ITEMS {
        let id = id_of(&house, number).await;
        house.network.blog.lock().unwrap().lose(id);
    }
    let stopped = reconciled(&house, false).await;
    assert_eq!(stopped.state, ReconciliationState::Stopped);
    let why = stopped.why.unwrap();
    assert!(why.contains("only 0 of the 27 items"), "{why}");
    assert_eq!((stopped.counts.missing, stopped.counts.repaired), (0, 0));
    assert!(drifted(&house, Drift::Missing).await.is_empty());
    assert_eq!(entries(&house).len(), PERSONS);
}

#[tokio::test(start_paused = true)]
async fn an_empty_listing_stops_all_however_little_is_missing() {
    let house = House::open(1).await;
    let key = house.publish(request("r0", &slug(0), 1)).await;
    house.surely_live(&key).await;
    let id = id_of(&house, 0).await;
    house.network.blog.lock().unwrap().lose(id);
    let view = reconciled(&house, false).await;
    assert_eq!(view.state, ReconciliationState::Stopped);
    assert_eq!((view.counts.listed, view.counts.missing), (0, 0));
    assert_eq!(
        entries(&house),
        [],
        "nothing is written to what may be another site"
    );
}

#[tokio::test(start_paused = true)]
async fn repairs_keep_to_their_cap() {
    let reconcile = ReconcileSettings {
        max_repairs: 2,
        ..ReconcileSettings::default()
    };
    let house = House::open_with(3, reconcile).await;
    furnish(&house).await;
    meddle(&house).await;
    let done = reconciled(&house, false).await;
    assert_eq!((done.counts.missing, done.counts.repaired), (3, 2));
    assert!(done.why.unwrap().contains("max_repairs = 2"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_repair_and_adopt_what_people_did() {
    let policy = Policy {
        extra: Remedy::Repair,
        diverged: Remedy::Adopt,
        missing: Remedy::Report,
        ..Policy::default()
    };
    let reconcile = ReconcileSettings {
        policy,
        ..ReconcileSettings::default()
    };
    let house = House::open_with(4, reconcile).await;
    furnish(&house).await;
    meddle(&house).await;
    let done = reconciled(&house, false).await;
    assert_eq!((done.counts.repaired, done.counts.adopted), (3, 3));
    until_none(&house, Drift::Extra).await;
    for number in BROUGHT_BACK {
        assert_eq!(entry(&house, &slug(number)), None, "{number} is gone again");
    }
    for number in ALTERED {
        let kept = entry(&house, &slug(number)).unwrap();
        assert_eq!(kept.title, "by hand");
    }
    assert!(entry(&house, &slug(0)).is_none(), "only reported");
    let again = reconciled(&house, false).await;
    assert_eq!((again.counts.diverged, again.counts.stale), (0, 0));
    assert_eq!((again.counts.missing, again.counts.extra), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn whatever_befalls_its_requests_it_ends_and_what_is_missing_comes_back() {
    let house = House::open(5).await;
    furnish(&house).await;
    meddle(&house).await;
    house.network.fail("often");
    let done = reconciled(&house, false).await;
    assert_eq!(done.state, ReconciliationState::Done, "{done:?}");
    assert_eq!((done.counts.missing, done.counts.extra), (3, 3));
    until_none(&house, Drift::Missing).await;
    house.network.fail("none");
    for number in LOST {
        assert!(entry(&house, &slug(number)).is_some());
    }
    for number in ALTERED {
        assert_eq!(entry(&house, &slug(number)).unwrap().title, "by hand");
    }
}

#[tokio::test(start_paused = true)]
async fn it_begins_by_itself_and_goes_on_after_a_restart() {
    let reconcile = ReconcileSettings {
        every: Some(Duration::from_secs(600)),
        ..ReconcileSettings::default()
    };
    let mut house = House::open_with(6, reconcile).await;
    furnish(&house).await;
    meddle(&house).await;
    let first = loop {
        let page = Page {
            limit: 10,
            cursor: None,
        };
        let at = Some("wordpress".to_owned());
        let found = house.store.reconciliations(at, page).await.unwrap().items;
        if let Some(view) = found.into_iter().next() {
            break view;
        }
        house.clock.sleep(Duration::from_secs(1)).await;
    };
    assert_eq!(first.actor, "engine");
    house.halt().await;
    house.start().await;
    let done = ended(&house, &first).await;
    assert_eq!(done.state, ReconciliationState::Done);
    assert_eq!((done.counts.missing, done.counts.extra), (3, 3));
    until_none(&house, Drift::Missing).await;
}
