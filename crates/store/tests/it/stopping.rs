//! Pauses and slots across nodes of one PostgreSQL: claims are under way while somebody pauses, and two
//! nodes give slots out at the same time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_executor::block_on;
use slugline_core::event::EventType;
use slugline_core::item::Class;
use slugline_core::lane::LaneScope;
use slugline_core::pace::Pace;
use slugline_core::pause::Pausable;
use slugline_engine::store::{EventFilter, Page, PauseOrder, Registration, Want};
use slugline_parts::postgres::database;

use crate::bench::{Bench, TIMEOUT, TestClock, live, post, want};
use crate::nodes::{RACES, node_at};

/// One node pauses and resumes while the other claims: what is claimed was not paused, whatever the
/// moment.
#[test]
fn after_a_pause_on_one_node_nothing_begins_on_another() {
    let (database, clock) = (database().unwrap(), Arc::new(TestClock::default()));
    let stores = [0, 1].map(|_| node_at(&database, Arc::clone(&clock)));
    let bench = Bench {
        store: Arc::clone(&stores[0]),
        clock: Arc::clone(&clock),
        _keeps: Box::new(()),
    };
    block_on(bench.register());
    let content = Pausable::Content {
        owner: "default".into(),
        environment: "production".into(),
        content_id: "post-0".into(),
        locale: None,
    };
    let blog = Pausable::Destination {
        destination: "blog".into(),
    };
    let order = |of: &Pausable| PauseOrder {
        of: of.clone(),
        actor: "token:ops".into(),
        note: String::new(),
    };
    let ended = AtomicUsize::new(0);
    for round in 0..RACES {
        let posts = (0..8).map(|n| post(&format!("post-{n}"), i64::try_from(round).unwrap() + 1));
        posts.for_each(|post| drop(block_on(bench.accept(&post))));
        let (began, of) = (Mutex::new(Vec::new()), [&blog, &content][round % 2]);
        std::thread::scope(|threads| {
            let claims = || {
                for _ in 0..8 {
                    let one = Want {
                        limit: 1,
                        ..want("blog", Class::Standard)
                    };
                    let claimed = block_on(stores[1].claim(vec![one])).unwrap();
                    began.lock().unwrap().extend(claimed.jobs);
                }
            };
            let claiming = threads.spawn(claims);
            block_on(stores[0].pause(order(of))).unwrap().unwrap();
            claiming.join().unwrap();
        });
        // Those that began, by the log: each stands before the pause.
        let page = Page {
            limit: 100_000,
            cursor: None,
        };
        let log = block_on(stores[0].events(EventFilter::default(), page)).unwrap();
        let (mut blog, mut content) = (false, false);
        for entry in &log.items {
            let is_paused = match entry.kind {
                EventType::Paused => true,
                EventType::Resumed => false,
                EventType::DeliveryStarted => {
                    let paused = blog || (content && entry.content_id == "post-0");
                    assert!(!paused, "{entry:?}");
                    continue;
                }
                _ => continue,
            };
            match entry.detail.get("what").and_then(|what| what.as_str()) {
                Some("destination") => blog = is_paused,
                Some("content") => content = is_paused,
                _ => {}
            }
        }
        assert!(block_on(stores[1].resume(of.clone(), "token:ops".into())).unwrap());
        let mut runs = began.into_inner().unwrap();
        for _ in 0..4 {
            runs.extend(
                block_on(stores[1].claim(vec![want("blog", Class::Standard)]))
                    .unwrap()
                    .jobs,
            );
        }
        ended.fetch_add(runs.len(), Ordering::Relaxed);
        for run in &runs {
            assert_eq!(block_on(stores[0].settle(vec![live(run)])).unwrap(), [true]);
        }
    }
    assert_eq!(ended.load(Ordering::Relaxed), 8 * RACES, "all went on");
}

#[test]
fn two_nodes_share_the_slots_of_a_destination() {
    let (database, clock) = (database().unwrap(), Arc::new(TestClock::default()));
    let stores = [0, 1].map(|_| node_at(&database, Arc::clone(&clock)));
    let bench = Bench {
        store: Arc::clone(&stores[0]),
        clock: Arc::clone(&clock),
        _keeps: Box::new(()),
    };
    block_on(bench.register());
    let paced = Registration {
        name: "blog".into(),
        lane: LaneScope::ItemLocale,
        request_timeout: TIMEOUT,
        commit_window: None,
        pace: Some(Pace {
            daily_capacity: Some(24),
            ..Pace::default()
        }),
    };
    block_on(stores[1].register(vec![paced])).unwrap();
    const POSTS: usize = 40;
    let names: Vec<String> = (0..POSTS).map(|n| format!("post-{n}")).collect();
    for name in &names {
        block_on(bench.accept(&post(name, 1)));
    }
    let begun = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for store in &stores {
            threads.spawn(|| {
                for _ in 0..POSTS {
                    let few = Want {
                        limit: 3,
                        ..want("blog", Class::Standard)
                    };
                    let claimed = block_on(store.claim(vec![few])).unwrap();
                    begun.fetch_add(claimed.jobs.len(), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(begun.load(Ordering::Relaxed), 1);
    let slots: BTreeSet<_> = names
        .iter()
        .filter_map(|name| block_on(bench.publish(format!("{name}-1"))).jobs[0].slot_at)
        .collect();
    let hour = |n: u32| bench.now().plus(std::time::Duration::from_secs(3_600) * n);
    assert_eq!(
        slots,
        (1..40).map(hour).collect(),
        "one each, an hour apart"
    );
}
