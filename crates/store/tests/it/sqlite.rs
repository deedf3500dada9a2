//! What is SQLite's own: files, locks, crashes, full and damaged disks, group commit.

use std::path::Path;
use std::sync::Arc;

use futures_executor::block_on;
use futures_util::future::join_all;
use slugline_engine::ports::Clock;
use slugline_engine::store::{DecidedKind, PublishFilter, Store, StoreError};
use slugline_store::sqlite::{OpenError, SqliteStore, verify_log};
use tempfile::TempDir;

use crate::bench::{Bench, TestClock, post};
use crate::contract::contract_tests;

fn fresh() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::default());
    let store = Arc::new(open(directory.path(), &clock).unwrap());
    Bench {
        store,
        clock,
        _keeps: Box::new(directory),
    }
}

fn open(directory: &Path, clock: &Arc<TestClock>) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(directory, Arc::<TestClock>::clone(clock), [7; 16])
}

contract_tests!(fresh);

/// A store with the bench's destinations, and its own type.
pub(crate) fn registered() -> (Bench, Arc<SqliteStore>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::default());
    let store = Arc::new(open(directory.path(), &clock).unwrap());
    let bench = Bench {
        store: Arc::clone(&store) as Arc<dyn Store>,
        clock,
        _keeps: Box::new(()),
    };
    block_on(bench.register());
    (bench, store, directory)
}

#[test]
fn what_was_acknowledged_survives_a_crash() {
    let (bench, _store, directory) = registered();
    block_on(async {
        for n in 0..50 {
            bench.accept(&post(&format!("post-{n}"), 1)).await;
        }
        bench.claim("blog").await;
    });
    // The files as a kill would leave them: nothing was closed.
    let crashed = tempfile::tempdir().unwrap();
    for file in ["slugline.db", "slugline.db-wal"] {
        std::fs::copy(directory.path().join(file), crashed.path().join(file)).unwrap();
    }
    let store = Arc::new(open(crashed.path(), &bench.clock).unwrap());
    assert_eq!(store.installation(), bench.store.installation());
    assert_eq!(store.pressure().open_jobs, 50);
    let after = Bench {
        store,
        clock: Arc::clone(&bench.clock),
        _keeps: Box::new(crashed),
    };
    block_on(async {
        assert_eq!(
            after.accept(&post("post-7", 1)).await.kind,
            DecidedKind::Replayed
        );
        assert!(
            after.claim("blog").await.is_empty(),
            "what was sent in the last moment has a timeout to end"
        );
        assert_eq!(after.store.rescue(100).await.unwrap(), 0);
        // Not the rest of the leases: their holder is gone.
        after.clock.advance(crate::bench::TIMEOUT);
        assert_eq!(after.store.rescue(100).await.unwrap(), 50);
        assert_eq!(after.claim("blog").await.len(), 50);
        assert!(after.store.verify_log().await.unwrap().faults.is_empty());
    });
}

#[test]
fn a_directory_has_one_process() {
    let (bench, store, directory) = registered();
    let refused = open(directory.path(), &bench.clock).err().unwrap();
    assert_eq!(
        refused,
        OpenError::InUse {
            directory: directory.path().into(),
            pid: Some(std::process::id())
        }
    );
    assert!(
        refused
            .to_string()
            .contains(&format!("process {}", std::process::id()))
    );
    drop((bench, store));
    let clock = Arc::new(TestClock::default());
    open(directory.path(), &clock).unwrap();
}

#[test]
fn the_log_can_be_checked_beside_a_server() {
    let (bench, _store, directory) = registered();
    block_on(bench.accept(&post("a", 1)));
    let check = verify_log(directory.path()).unwrap();
    assert_eq!((check.entries, check.faults.len()), (2, 0));
    block_on(bench.accept(&post("a", 2)));
    assert!(verify_log(Path::new("/nonexistent")).is_err());
}

#[test]
fn a_request_is_kept_as_it_came_and_its_payload_once() {
    let (bench, _store, directory) = registered();
    let came = post("a", 1).slug("once").submission(bench.clock.now());
    block_on(bench.accept(&post("a", 1).slug("once")));
    let reader = rusqlite::Connection::open(directory.path().join("slugline.db")).unwrap();
    let one = |sql: &str| -> Vec<u8> { reader.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(one("SELECT bytes FROM whole_request"), came.raw);
    let around = one("SELECT bytes FROM raw_request");
    let payload = one("SELECT CAST(payload AS BLOB) FROM revision");
    assert_eq!(around.len() + payload.len(), came.raw.len());
}

#[test]
fn a_changed_entry_is_found() {
    let (bench, _store, directory) = registered();
    block_on(async {
        bench.accept(&post("a", 1)).await;
        bench.clock.advance(std::time::Duration::from_secs(60));
        bench
            .store
            .seal(std::time::Duration::from_secs(60))
            .await
            .unwrap();
        bench.accept(&post("a", 2)).await;
    });
    let tamper = |sql: &str| {
        let intruder = rusqlite::Connection::open(directory.path().join("slugline.db")).unwrap();
        intruder.execute_batch(sql).unwrap();
        verify_log(directory.path()).unwrap().faults
    };
    let around = "UPDATE raw_request SET bytes = X'00' WHERE publish = 2";
    assert_eq!(
        tamper(around).len(),
        1,
        "a request that is not the one logged"
    );
    let payload = r#"UPDATE revision SET payload = '{"title":"B"}' WHERE publish = 1"#;
    let faults = tamper(payload);
    assert_eq!(
        faults.len(),
        3,
        "nor the body, nor the request that it came in: {faults:?}"
    );
    let gone = tamper("UPDATE revision SET payload = NULL WHERE publish = 1");
    let of_request = |fault: &&String| fault.contains("raw request of pub_00000001");
    assert_eq!(gone.iter().filter(of_request).count(), 1, "{gone:?}");
    let changed =
        tamper("UPDATE event SET text = replace(text, 'accepted', 'rejected') WHERE seq = 1");
    assert!(
        changed
            .iter()
            .any(|fault| fault.contains("segment 1–2 was changed")),
        "{changed:?}"
    );
    let missing = tamper("DELETE FROM event WHERE seq = 4");
    assert!(
        missing
            .iter()
            .any(|fault| fault.contains("entry 4 is missing")),
        "{missing:?}"
    );
}

#[test]
fn concurrent_orders_share_commits() {
    let (bench, store, _directory) = registered();
    let before = store.commits();
    let posts: Vec<_> = (0..200).map(|n| post(&format!("post-{n}"), 1)).collect();
    block_on(join_all(posts.iter().map(|post| bench.accept(post))));
    let commits = store.commits() - before;
    assert!(commits < 100, "{commits} commits for 200 submissions");
    assert_eq!(
        block_on(bench.store.publishes(
            PublishFilter::default(),
            slugline_engine::store::Page {
                limit: 500,
                cursor: None
            }
        ))
        .unwrap()
        .items
        .len(),
        200
    );
}

#[test]
fn a_full_disk_is_told_and_passes() {
    let (bench, store, _directory) = registered();
    block_on(async {
        bench.accept(&post("before", 1)).await;
        store.bound(1).await.unwrap();
        let (mut accepted, mut refused) = (Vec::new(), None);
        for n in 0..10_000 {
            let submission = post(&format!("post-{n}"), 1).submission(bench.now());
            match bench.store.accept(vec![submission]).await {
                Ok(_) => accepted.push(n),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        assert!(matches!(refused, Some(StoreError::Full(_))), "{refused:?}");
        let kept = bench
            .store
            .publishes(
                PublishFilter::default(),
                slugline_engine::store::Page {
                    limit: 20_000,
                    cursor: None,
                },
            )
            .await
            .unwrap();
        assert_eq!(
            kept.items.len(),
            accepted.len() + 1,
            "what was refused is not there, what was accepted is"
        );
        assert_eq!(bench.store.pressure().open_jobs, kept.items.len() as u64);
        store.bound(u64::MAX / 2).await.unwrap();
        let again = bench
            .accept(&post(&format!("post-{}", accepted.len()), 1))
            .await;
        assert_eq!(again.kind, DecidedKind::Accepted, "it resumes by itself");
        assert!(bench.store.verify_log().await.unwrap().faults.is_empty());
    });
}

#[test]
fn an_order_that_fails_does_not_fail_its_neighbours() {
    let (bench, _store, directory) = registered();
    block_on(async {
        bench.accept(&post("bad", 1)).await;
        let intruder = rusqlite::Connection::open(directory.path().join("slugline.db")).unwrap();
        intruder
            .execute_batch("UPDATE revision SET payload = 'no JSON'")
            .unwrap();
        let good = post("good", 1).to(&["shop"]);
        let claim = bench.store.claim(vec![crate::bench::want(
            "blog",
            slugline_core::item::Class::Standard,
        )]);
        let (claimed, accepted) = futures_util::join!(claim, bench.submit(&good));
        assert!(
            matches!(claimed, Err(StoreError::Corrupt(_))),
            "{claimed:?}"
        );
        assert_eq!(accepted.unwrap().kind, DecidedKind::Accepted);
        assert_eq!(bench.claim("shop").await.len(), 1);
    });
}

#[test]
fn a_damaged_file_is_told() {
    let (bench, store, directory) = registered();
    block_on(async {
        for n in 0..200 {
            bench.accept(&post(&format!("post-{n}"), 1)).await;
        }
    });
    let clock = Arc::clone(&bench.clock);
    drop((bench, store));
    let file = directory.path().join("slugline.db");
    let copied = rusqlite::Connection::open(&file).unwrap();
    copied
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    drop(copied);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[8_192..].fill(0xA5);
    std::fs::write(&file, &bytes).unwrap();
    match open(directory.path(), &clock) {
        Err(OpenError::Damaged(why)) => assert!(why.contains("restore"), "{why}"),
        Err(other) => panic!("{other}"),
        Ok(store) => {
            let submission = post("post-3", 2).submission(store.now());
            let outcome = block_on(store.accept(vec![submission]));
            assert!(
                matches!(outcome, Err(StoreError::Corrupt(_))),
                "{outcome:?}"
            );
        }
    }
    std::fs::write(
        &file,
        b"this is no database, and long enough to be looked at",
    )
    .unwrap();
    std::fs::remove_file(directory.path().join("slugline.db-wal")).ok();
    assert!(matches!(
        open(directory.path(), &clock),
        Err(OpenError::Damaged(_))
    ));
}

#[test]
fn a_newer_file_is_refused() {
    let (bench, store, directory) = registered();
    let clock = Arc::clone(&bench.clock);
    drop((bench, store));
    let newer = rusqlite::Connection::open(directory.path().join("slugline.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let refused = open(directory.path(), &clock).err().unwrap();
    assert!(
        matches!(refused, OpenError::Newer { found: 99, .. }),
        "{refused}"
    );
    assert!(matches!(
        verify_log(directory.path()),
        Err(OpenError::Newer { .. })
    ));
}

#[test]
fn after_closing_it_says_so() {
    let (bench, _store, _directory) = registered();
    block_on(async {
        bench.accept(&post("a", 1)).await;
        bench.store.close().await;
        let submission = post("a", 2).submission(bench.now());
        assert!(matches!(
            bench.store.accept(vec![submission]).await,
            Err(StoreError::Unavailable(_))
        ));
        assert!(matches!(
            bench.store.counts().await,
            Err(StoreError::Unavailable(_))
        ));
        bench.store.close().await;
    });
}

#[test]
fn the_wal_does_not_grow_without_bound() {
    let (bench, _store, directory) = registered();
    let size = |name: &str| {
        std::fs::metadata(directory.path().join(name))
            .unwrap()
            .len()
    };
    for round in 0..400 {
        let posts = (0..32).map(|n| {
            let mut post = post(&format!("post-{round}-{n}"), 1);
            post.title += &" long".repeat(2_000);
            post.submission(bench.now())
        });
        let outcomes = block_on(bench.store.accept(posts.collect())).unwrap();
        assert!(outcomes.iter().all(Result::is_ok));
        if size("slugline.db") > 2 * size("slugline.db-wal") && round > 30 {
            return;
        }
    }
    panic!(
        "{} bytes in the WAL, {} in the database",
        size("slugline.db-wal"),
        size("slugline.db")
    );
}
