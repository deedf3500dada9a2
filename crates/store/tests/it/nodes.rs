//! Nodes that contend for the same keys, items, slugs and lanes of one PostgreSQL.
//!
//! Three stores on one database stand for three nodes; each has a thread that publishes and one that
//! delivers, all of the same few items. What no interleaving may break is counted at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_executor::block_on;
use futures_util::future::join_all;
use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::problem::Code;
use slugline_engine::store::{
    ClaimedJob, DecidedKind, EventFilter, Page, PublishFilter, Settlement, Store,
};
use slugline_parts::postgres::{Database, database};
use slugline_store::postgres::PostgresStore;

use crate::bench::{Bench, Post, TestClock, ended, failure, live, post, want};

const NODES: usize = 3;
const CONTENTS: usize = 6;
const VERSIONS: i64 = 12;
const DESTINATIONS: [&str; 3] = ["blog", "merged", "build"];

/// What all threads see.
#[derive(Default)]
struct Seen {
    publishing: AtomicUsize,
    /// How often each key was accepted as something new.
    accepted: Mutex<BTreeMap<String, usize>>,
    /// Lanes in which a run is under way.
    lanes: Mutex<BTreeSet<(String, String)>>,
    runs: AtomicUsize,
}

fn node(database: &Database) -> Arc<dyn Store> {
    node_at(database, Arc::new(TestClock::default()))
}

pub(crate) fn node_at(database: &Database, clock: Arc<TestClock>) -> Arc<dyn Store> {
    Arc::new(PostgresStore::rehearse(&database.url, clock, [7; 16]).unwrap())
}

/// The posts that every node sends, each with the same key everywhere.
fn posts(round: i64) -> Vec<Post> {
    let of = |content: usize| {
        let id = format!("content-{content}");
        // Neighbours want the same slug, so that one is refused, or waits for the other.
        let slug = ["red", "blue", "green"][(content + usize::try_from(round / 4).unwrap()) % 3];
        let action = if round % 5 == 4 {
            "unpublish"
        } else {
            "publish"
        };
        let base = post(&id, round).to(&DESTINATIONS);
        let base = if content < 3 && action == "publish" {
            base.slug(slug)
        } else {
            base
        };
        let base = if action == "publish" {
            base
        } else {
            base.action(action)
        };
        [base.clone(), base.locale("de")]
    };
    (0..CONTENTS).flat_map(of).collect()
}

async fn publish(store: &dyn Store, seen: &Seen) {
    for round in 1..=VERSIONS {
        let sent = posts(round).into_iter().map(async |post| {
            let submission = post.submission(store.now());
            let decided = store.accept(vec![submission]).await.unwrap().remove(0);
            if decided.is_ok_and(|decided| decided.kind == DecidedKind::Accepted) {
                *seen
                    .accepted
                    .lock()
                    .unwrap()
                    .entry(post.key.clone())
                    .or_default() += 1;
            }
        });
        join_all(sent).await;
    }
    seen.publishing.fetch_sub(1, Ordering::SeqCst);
}

/// The lane of a job, in the words of the bench's destinations.
fn lane(job: &ClaimedJob) -> (String, String) {
    let within = match job.destination.as_str() {
        "build" => String::new(),
        "merged" => job.item.content_id.clone(),
        _ => format!("{} {}", job.item.content_id, job.item.locale),
    };
    (job.destination.clone(), within)
}

fn end(store: &dyn Store, job: &ClaimedJob, number: usize) -> Settlement {
    let at = store.now();
    match number % 4 {
        0 => ended(
            job,
            Verdict::Retry {
                at,
                failure: failure(),
            },
        ),
        1 => ended(
            job,
            Verdict::PutBack {
                at,
                failure: failure(),
            },
        ),
        _ => live(job),
    }
}

/// Takes what there is and ends it; how much there was.
async fn deliver(store: &dyn Store, seen: &Seen) -> usize {
    let wants = DESTINATIONS.map(|name| want(name, Class::Standard));
    let jobs = store.claim(wants.to_vec()).await.unwrap().jobs;
    for job in &jobs {
        assert!(
            seen.lanes.lock().unwrap().insert(lane(job)),
            "two runs in lane {:?}",
            lane(job)
        );
    }
    let settled = jobs.iter().map(async |job| {
        let settlement = end(store, job, seen.runs.fetch_add(1, Ordering::SeqCst));
        seen.lanes.lock().unwrap().remove(&lane(job));
        assert_eq!(
            store.settle(vec![settlement]).await.unwrap(),
            [true],
            "it has its lease"
        );
    });
    join_all(settled).await;
    jobs.len()
}

#[test]
fn nodes_that_contend_keep_every_promise() {
    let database = database().unwrap();
    let stores: Vec<Arc<dyn Store>> = (0..NODES).map(|_| node(&database)).collect();
    let bench = Bench {
        store: Arc::clone(&stores[0]),
        clock: Arc::new(TestClock::default()),
        _keeps: Box::new(()),
    };
    block_on(bench.register());
    let seen = Seen {
        publishing: AtomicUsize::new(NODES),
        ..Seen::default()
    };
    std::thread::scope(|threads| {
        for store in &stores {
            threads.spawn(|| block_on(publish(store.as_ref(), &seen)));
            threads.spawn(|| block_on(drain(store.as_ref(), &seen)));
        }
    });
    block_on(async {
        one_outcome_a_key(&seen);
        generations_follow_each_other(&bench).await;
        all_is_shown(&bench).await;
        the_log_is_whole(&stores).await;
    });
}

/// Passes without anything to do after which work that is still open counts as stuck.
const PATIENCE: usize = 2_000;

/// Delivers until all have published and nothing is open.
async fn drain(store: &dyn Store, seen: &Seen) {
    let mut idle = 0;
    while idle < PATIENCE {
        let over = seen.publishing.load(Ordering::SeqCst) == 0;
        let released = store.release(Vec::new(), 100).await.unwrap();
        let did = deliver(store, seen).await + released.released + released.slugs_freed;
        idle = if did == 0 { idle + 1 } else { 0 };
        if over && did == 0 && is_over(store).await {
            return;
        }
    }
    panic!(
        "what is open does not end: {:?}",
        store.counts().await.unwrap().jobs
    );
}

async fn is_over(store: &dyn Store) -> bool {
    let counts = store.counts().await.unwrap();
    counts
        .jobs
        .iter()
        .all(|((_, _, state), jobs)| state.is_final() || *jobs == 0)
}

fn one_outcome_a_key(seen: &Seen) {
    let accepted = seen.accepted.lock().unwrap();
    assert!(accepted.len() > CONTENTS * 2, "most were refused");
    for (key, times) in accepted.iter() {
        assert_eq!(*times, 1, "{key} was accepted more than once");
    }
}

async fn generations_follow_each_other(bench: &Bench) {
    let mut generations = BTreeMap::<(String, String), Vec<i64>>::new();
    let mut page = Page {
        limit: 100,
        cursor: None,
    };
    loop {
        let found = bench
            .store
            .publishes(PublishFilter::default(), page)
            .await
            .unwrap();
        for publish in found.items {
            let item = (publish.content_id, publish.locale);
            generations
                .entry(item)
                .or_default()
                .push(publish.generation.0);
        }
        let Some(cursor) = found.next_cursor else {
            break;
        };
        page = Page {
            limit: 100,
            cursor: Some(cursor),
        };
    }
    assert_eq!(generations.len(), CONTENTS * 2);
    for (item, found) in generations {
        let newest_first: Vec<i64> = (1..=i64::try_from(found.len()).unwrap()).rev().collect();
        assert_eq!(found, newest_first, "{item:?}: ids grow with generations");
    }
}

async fn all_is_shown(bench: &Bench) {
    for content in 0..CONTENTS {
        let views = bench
            .store
            .content("default", &format!("content-{content}"))
            .await
            .unwrap();
        for view in views {
            assert_eq!(view.destinations.len(), DESTINATIONS.len());
            for at in view.destinations {
                assert!(
                    at.in_sync,
                    "{} {} at {}",
                    view.content_id, view.locale, at.destination
                );
                assert_eq!(at.desired_generation, view.generation);
            }
        }
    }
}

async fn the_log_is_whole(stores: &[Arc<dyn Store>]) {
    let whole = Page {
        limit: 100_000,
        cursor: None,
    };
    let log = stores[0]
        .events(EventFilter::default(), whole)
        .await
        .unwrap()
        .items;
    let numbers: Vec<i64> = log.iter().map(|entry| entry.seq).collect();
    assert_eq!(
        numbers,
        (1..=i64::try_from(log.len()).unwrap()).collect::<Vec<_>>()
    );
    for store in stores {
        store.seal(std::time::Duration::ZERO).await.unwrap();
        assert_eq!(
            store.verify_log().await.unwrap().faults,
            Vec::<String>::new()
        );
        assert_eq!(store.pressure().open_jobs, 0, "as every node counts them");
    }
}

/// Rounds in which two nodes race; enough that in some of them neither sees the other in time.
pub(crate) const RACES: usize = 40;

#[test]
fn what_two_nodes_want_at_once_one_of_them_gets() {
    let database = database().unwrap();
    let stores = [node(&database), node(&database)];
    let bench = Bench {
        store: Arc::clone(&stores[0]),
        clock: Arc::new(TestClock::default()),
        _keeps: Box::new(()),
    };
    block_on(bench.register());
    let slugs: Vec<&'static str> = (0..RACES).map(|n| &*format!("slug-{n}").leak()).collect();
    // Each node sends, beside posts of its own, one under a key and one with a slug that the other
    // node uses in the same moment for something else.
    let sent = |name: usize, round: usize| {
        let of = |what: &str| post(&format!("{what}-{round}-{name}"), 1);
        [
            of("own"),
            of("key").key(&format!("key-{round}")),
            of("slug").slug(slugs[round]),
        ]
    };
    let barrier = std::sync::Barrier::new(stores.len());
    let race = |name: usize| -> Vec<Vec<Option<Code>>> {
        let rounds = (0..RACES).map(|round| {
            barrier.wait();
            let asked = sent(name, round).map(async |post| {
                let submission = post.submission(stores[name].now());
                let outcome = stores[name]
                    .accept(vec![submission])
                    .await
                    .unwrap()
                    .remove(0);
                outcome.err().map(|problem| problem.code)
            });
            block_on(join_all(asked))
        });
        rounds.collect()
    };
    let (one, other) = std::thread::scope(|threads| {
        let one = threads.spawn(|| race(0));
        let other = threads.spawn(|| race(1));
        (one.join().unwrap(), other.join().unwrap())
    });
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(
            (one[0], other[0]),
            (None, None),
            "neighbours are not concerned"
        );
        let (key, slug) = (Some(Code::IdempotencyKeyReused), Some(Code::SlugTaken));
        assert!((one[1], other[1]) == (None, key) || (one[1], other[1]) == (key, None));
        assert!((one[2], other[2]) == (None, slug) || (one[2], other[2]) == (slug, None));
    }
}

/// A post, and the author that it depends on, at the same moment on two nodes; and two posts that depend
/// on each other. Nobody waits longer than to the next look for what is live, and of those who wait for
/// each other one is told.
#[test]
fn who_waits_on_one_node_is_released_by_what_goes_live_on_another() {
    let (database, clock) = (database().unwrap(), Arc::new(TestClock::default()));
    let stores = [0, 1].map(|_| node_at(&database, Arc::clone(&clock)));
    let bench = Bench {
        store: Arc::clone(&stores[0]),
        clock: Arc::clone(&clock),
        _keeps: Box::new(()),
    };
    block_on(bench.register());
    let names = |what: &str| (0..RACES).map(|n| &*format!("{what}-{n}").leak()).collect();
    let [authors, left, right]: [Vec<&'static str>; 3] = ["author", "left", "right"].map(names);
    let barrier = std::sync::Barrier::new(stores.len());
    let accept = async |store: &Arc<dyn Store>, post: Post| {
        let submission = post.submission(store.now());
        let decided = store.accept(vec![submission]).await.unwrap().remove(0);
        decided.unwrap().answer.publish_id.unwrap()
    };
    let author = |round: usize| {
        let store = &stores[0];
        block_on(async {
            accept(
                store,
                post(left[round], 1).to(&["merged"]).after(&[right[round]]),
            )
            .await;
            store.release(Vec::new(), 100).await.unwrap();
            let claimed = store
                .claim(vec![want("blog", Class::Standard)])
                .await
                .unwrap();
            let author = claimed
                .jobs
                .iter()
                .find(|job| job.item.content_id == authors[round]);
            store.settle(vec![live(author.unwrap())]).await.unwrap();
        });
    };
    let post_of = |round: usize| {
        let store = &stores[1];
        block_on(async {
            let own = post(&format!("post-{round}"), 1).to(&["shop"]);
            accept(store, own.after(&[authors[round]])).await;
            accept(
                store,
                post(right[round], 1).to(&["merged"]).after(&[left[round]]),
            )
            .await;
            store.release(Vec::new(), 100).await.unwrap();
        });
    };
    for round in 0..RACES {
        block_on(accept(&stores[0], post(authors[round], 1)));
        std::thread::scope(|threads| {
            let race = |run: &dyn Fn(usize)| {
                barrier.wait();
                run(round);
            };
            threads.spawn(move || race(&author));
            threads.spawn(move || race(&post_of));
        });
        clock.advance(std::time::Duration::from_secs(1));
        block_on(async {
            for store in &stores {
                store.release(Vec::new(), 100).await.unwrap();
            }
            let waited = bench.publish(&format!("post-{round}-1")).await;
            assert_eq!(waited.state, JobState::Queued, "{waited:?}");
            let ends = [left[round], right[round]]
                .map(async |name| bench.publish(&format!("{name}-1")).await.state);
            let failed = join_all(ends)
                .await
                .into_iter()
                .filter(|state| *state == JobState::Failed);
            assert_eq!(failed.count(), 1, "of those that wait for each other");
        });
    }
}
