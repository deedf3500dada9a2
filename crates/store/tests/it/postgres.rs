//! What is PostgreSQL's own: several nodes, numbers of entries that commit late, versions.

use std::sync::Arc;

use futures_executor::block_on;
use futures_util::future::join_all;
use slugline_engine::store::{EventFilter, Page, Store};
use slugline_parts::postgres::{Database, database};
use slugline_store::postgres::{OpenError, PostgresStore};

use crate::bench::{Bench, TestClock, post};
use crate::contract::contract_tests;

/// A node on this database, whose time is the bench's.
fn node(database: &Database, clock: &Arc<TestClock>) -> Arc<PostgresStore> {
    let clock = Arc::<TestClock>::clone(clock);
    Arc::new(PostgresStore::rehearse(&database.url, clock, [7; 16]).unwrap())
}

fn fresh() -> Bench {
    let database = database().unwrap();
    let clock = Arc::new(TestClock::default());
    Bench {
        store: node(&database, &clock),
        clock,
        _keeps: Box::new(database),
    }
}

contract_tests!(fresh);

/// A store with the bench's destinations, and its database.
pub(crate) fn fresh_database() -> (Bench, Arc<Database>) {
    let (bench, _, database) = two_nodes();
    (bench, database)
}

/// Two nodes on one database, which has the bench's destinations.
fn two_nodes() -> (Bench, Bench, Arc<Database>) {
    let database = Arc::new(database().unwrap());
    let clock = Arc::new(TestClock::default());
    let bench = || Bench {
        store: node(&database, &clock),
        clock: Arc::clone(&clock),
        _keeps: Box::new(Arc::clone(&database)),
    };
    let (one, other) = (bench(), bench());
    block_on(one.register());
    (one, other, database)
}

/// The log's numbers after a cursor.
async fn numbers(store: &dyn Store, cursor: Option<i64>) -> Vec<i64> {
    let page = Page {
        limit: 10_000,
        cursor,
    };
    let found = store.events(EventFilter::default(), page).await.unwrap();
    found.items.iter().map(|entry| entry.seq).collect()
}

#[test]
fn an_entry_that_commits_late_is_not_missed() {
    let (bench, _other, database) = two_nodes();
    // An operation that drew its number first and is still under way.
    let begin = "BEGIN; INSERT INTO event_group (entries, opened) VALUES (1, 0);
        INSERT INTO event (event_group, at, item, place, text) SELECT max(id), 0, 0, 0,
          '{\"type\":\"released\",\"at\":\"2026-11-21T10:00:00Z\",\"actor\":\"late\",\"outcome\":\"released\"}' FROM event_group;";
    let mut late = database.session().unwrap();
    late.run(begin).unwrap();
    block_on(async {
        bench.accept(&post("a", 1)).await;
        let store = bench.store.as_ref();
        assert_eq!(numbers(store, None).await, [1, 2]);
        late.run("COMMIT;").unwrap();
        assert_eq!(
            numbers(store, Some(2)).await,
            [3],
            "after what was seen before it"
        );
        bench.accept(&post("a", 2)).await;
        assert_eq!(numbers(store, Some(3)).await, [4, 5, 6]);
        assert_eq!(
            bench.store.verify_log().await.unwrap().faults,
            Vec::<String>::new()
        );
    });
}

#[test]
fn a_reader_that_follows_two_busy_nodes_misses_nothing() {
    let (one, other, _database) = two_nodes();
    let busy = |bench: Bench, name: &'static str| {
        std::thread::spawn(move || {
            block_on(async {
                for round in 0..20 {
                    let posts = (0..8).map(|n| post(&format!("{name}-{round}-{n}"), 1));
                    join_all(posts.map(async |post| bench.accept(&post).await)).await;
                }
            });
        })
    };
    let store = Arc::clone(&one.store);
    let writers = [busy(one, "one"), busy(other, "other")];
    let mut seen = Vec::new();
    block_on(async {
        while writers.iter().any(|writer| !writer.is_finished()) {
            seen.extend(numbers(store.as_ref(), seen.last().copied()).await);
        }
        seen.extend(numbers(store.as_ref(), seen.last().copied()).await);
        assert_eq!(
            seen,
            (1..=640).collect::<Vec<_>>(),
            "two entries for each of 320 posts"
        );
        assert_eq!(
            numbers(store.as_ref(), None).await,
            seen,
            "and they stay where they were"
        );
    });
    writers
        .into_iter()
        .for_each(|writer| writer.join().unwrap());
}

#[test]
fn nodes_see_each_others_work_and_share_it() {
    let (one, other, _database) = two_nodes();
    block_on(async {
        for n in 0..6 {
            one.accept(&post(&format!("post-{n}"), 1)).await;
        }
        other
            .store
            .seal(std::time::Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(other.store.pressure().open_jobs, 6);
        let (mine, theirs) = (one.claim("blog").await, other.claim("blog").await);
        assert_eq!(mine.len() + theirs.len(), 6, "each job has one holder");
        assert_eq!(one.store.installation(), other.store.installation());
    });
}

#[test]
fn jobs_that_cannot_be_read_do_not_keep_others_of_their_claim_from_running() {
    let (bench, database) = fresh_database();
    block_on(async {
        for content in ["bad", "gone", "good"] {
            bench.accept(&post(content, 1)).await;
        }
        let damage =
            "UPDATE revision r SET payload = CASE i.content_id WHEN 'bad' THEN 'no JSON' END
                      FROM item i WHERE i.id = r.item AND i.content_id <> 'good'";
        database.sql(damage).unwrap();
        let claimed = bench.claim_one("blog").await;
        assert_eq!(claimed.item.content_id, "good");
        bench.live(&claimed).await;
        assert!(bench.claim("blog").await.is_empty(), "they are leased");
        let entries = numbers(&*bench.store, None).await;
        let whole: Vec<i64> = (1..).take(entries.len()).collect();
        assert_eq!(entries, whole, "and the log has no gap");
    });
}

#[test]
fn what_a_newer_version_changed_is_refused() {
    let (_one, _other, database) = two_nodes();
    let open = || {
        let clock = Arc::new(TestClock::default());
        PostgresStore::rehearse(&database.url, clock, [7; 16]).err()
    };
    database
        .sql("UPDATE meta SET value = '9' WHERE name = 'schema'")
        .unwrap();
    assert_eq!(
        open(),
        None,
        "a newer schema that only added serves this version too"
    );
    database
        .sql("UPDATE meta SET value = '9' WHERE name = 'schema_serves'")
        .unwrap();
    assert_eq!(open(), Some(OpenError::Newer { found: 9, known: 1 }));
}
