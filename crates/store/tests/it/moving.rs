//! Moving an installation from SQLite to PostgreSQL: what readers see is the same, and work goes on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use slugline_core::lifecycle::Verdict;
use slugline_core::port::EffectKey;
use slugline_engine::store::{
    DecidedKind, EffectChange, EventFilter, NewMedia, Page, PublishFilter, Retention, Store,
    TokenRecord,
};
use slugline_parts::postgres::{Database, database};
use slugline_store::moving::{MoveError, Moved, to_postgres};
use slugline_store::postgres::PostgresStore;
use slugline_store::sqlite::{OpenError, SqliteStore};

use crate::bench::{Bench, TIMEOUT, TestClock, ended, failure, post};

const HOUR: Duration = Duration::from_secs(3_600);
const ALL: Page = Page {
    limit: 10_000,
    cursor: None,
};

fn sqlite(directory: &Path, clock: &Arc<TestClock>) -> Bench {
    let store = SqliteStore::open(directory, Arc::<TestClock>::clone(clock), [7; 16]).unwrap();
    Bench {
        store: Arc::new(store),
        clock: Arc::clone(clock),
        _keeps: Box::new(()),
    }
}

fn postgres(database: &Database, clock: &Arc<TestClock>) -> Bench {
    let store = PostgresStore::rehearse(&database.url, Arc::<TestClock>::clone(clock), [8; 16]);
    Bench {
        store: Arc::new(store.unwrap()),
        clock: Arc::clone(clock),
        _keeps: Box::new(()),
    }
}

/// Something of everything: sealed and erased entries, media, tokens, effects, jobs in all states.
async fn live_a_little(bench: &Bench) {
    bench.register().await;
    bench.published(&post("old", 1)).await;
    bench.clock.advance(2 * HOUR);
    bench.store.seal(HOUR).await.unwrap();
    let policy = Retention {
        revisions: HOUR * 9,
        attempts: HOUR,
        log: HOUR,
        media: HOUR * 9,
    };
    bench.store.prune(policy, 100).await.unwrap();
    bench.store.put_media(medium()).await.unwrap();
    bench.store.add_token(token()).await.unwrap();
    for version in 1..=400 {
        bench.accept(&post("busy", version)).await;
    }
    bench.store.seal(HOUR).await.unwrap();
    let job = bench.claim_one("blog").await;
    let effect = EffectChange {
        job: job.job,
        fence: job.fence,
        key: EffectKey::Shared("media", medium().sha256),
        result_ref: Some("88".into()),
    };
    bench.store.record(vec![effect]).await.unwrap();
    bench.live(&job).await;
    bench.accept(&post("dead", 1)).await;
    let job = bench.claim_one("blog").await;
    bench.settle(ended(&job, Verdict::Dead(failure()))).await;
    let at = bench.now().plus(HOUR);
    bench.accept(&post("later", 1).at(at)).await;
    bench.accept(&post("waits", 1).after(&["author"])).await;
    bench.release(10).await;
    bench.accept(&post("gone", 4).action("unpublish")).await;
    bench.accept(&post("keyed", 1).key("assigned")).await;
    bench.accept(&post("slugged", 1).slug("a-slug")).await;
}

fn medium() -> NewMedia {
    NewMedia {
        sha256: slugline_core::media::sha256(b"picture"),
        content_type: "image/png".into(),
        bytes: Bytes::from_static(b"picture"),
    }
}

fn token() -> TokenRecord {
    TokenRecord {
        name: "ci".into(),
        hash: "ab".repeat(32),
        role: "editor".into(),
        owner: "default".into(),
        environments: vec!["production".into()],
        created_at: slugline_core::time::Timestamp(7),
    }
}

/// All that a reader can see, as text.
async fn seen(store: &dyn Store) -> Vec<String> {
    let publishes = store
        .publishes(PublishFilter::default(), ALL)
        .await
        .unwrap()
        .items;
    let mut seen = vec![
        format!(
            "{:?}",
            store.events(EventFilter::default(), ALL).await.unwrap()
        ),
        format!("{:?}", store.verify_log().await.unwrap()),
        format!("{:?}", store.counts().await.unwrap()),
        format!("{:?}", store.tokens().await.unwrap()),
        format!("{:?}", store.media(&medium().sha256).await.unwrap()),
        format!("{:?}", store.pressure().open_jobs),
        store.installation().to_owned(),
    ];
    for content in ["old", "busy", "dead", "later", "gone", "keyed", "slugged"] {
        seen.push(format!(
            "{:?}",
            store.content("default", content).await.unwrap()
        ));
        let revisions = store.revisions("default", content, ALL).await.unwrap();
        seen.push(format!("{:?}", revisions.items));
    }
    for job in publishes.iter().flat_map(|publish| &publish.jobs) {
        seen.push(format!(
            "{:?}",
            store.job("default", job.job_id).await.unwrap()
        ));
    }
    seen.extend(publishes.iter().map(|publish| format!("{publish:?}")));
    seen
}

async fn moved(
    directory: &Path,
    database: &Database,
    clock: &TestClock,
) -> Result<Moved, MoveError> {
    let now = slugline_engine::ports::Clock::now(clock);
    to_postgres(directory, &database.url, now, &mut |_, _| {}).await
}

#[tokio::test]
async fn what_readers_see_is_the_same_and_work_goes_on() {
    let (directory, database) = (tempfile::tempdir().unwrap(), database().unwrap());
    let clock = Arc::new(TestClock::default());
    let before = sqlite(directory.path(), &clock);
    live_a_little(&before).await;
    let told = seen(before.store.as_ref()).await;
    drop(before);
    let moved = moved(directory.path(), &database, &clock).await.unwrap();
    assert_eq!(moved.log.faults, Vec::<String>::new());
    let after = postgres(&database, &clock);
    for (told, now) in told.iter().zip(seen(after.store.as_ref()).await) {
        assert_eq!(*told, now);
    }
    // Keys, versions, slugs and numbers go on.
    assert_eq!(
        after.accept(&post("busy", 400)).await.kind,
        DecidedKind::Replayed
    );
    assert_eq!(
        after.accept(&post("busy", 399).key("other")).await.kind,
        DecidedKind::Stale
    );
    after.refused(&post("thief", 1).slug("a-slug")).await;
    after.accept(&post("new", 1)).await;
    let jobs = after.claim("blog").await;
    assert_eq!(jobs.len(), 4, "what was queued before, and the new one");
    for job in &jobs {
        after.live(job).await;
    }
    assert_eq!(after.store.orphan_media(HOUR, 10).await.unwrap(), []);
    after.clock.advance(2 * HOUR);
    assert_eq!(after.release(10).await.released, 1, "its time has come");
    after.accept(&post("author", 1)).await;
    for job in after.claim("blog").await {
        after.live(&job).await;
    }
    assert_eq!(
        after.release(10).await.released,
        1,
        "what it waits for is live"
    );
    after.store.seal(HOUR).await.unwrap();
    assert_eq!(
        after.store.verify_log().await.unwrap().faults,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_run_whose_server_was_stopped_is_taken_back() {
    let (directory, database) = (tempfile::tempdir().unwrap(), database().unwrap());
    let clock = Arc::new(TestClock::default());
    let before = sqlite(directory.path(), &clock);
    before.register().await;
    before.accept(&post("a", 1)).await;
    before.claim_one("blog").await;
    drop(before);
    moved(directory.path(), &database, &clock).await.unwrap();
    let after = postgres(&database, &clock);
    assert!(after.claim("blog").await.is_empty());
    after.clock.advance(TIMEOUT);
    assert_eq!(after.store.rescue(10).await.unwrap(), 1);
    assert_eq!(after.claim("blog").await.len(), 1);
}

#[tokio::test]
async fn all_of_it_goes_once_or_nothing() {
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (database, clock) = (database().unwrap(), Arc::new(TestClock::default()));
    live_a_little(&sqlite(directory.path(), &clock)).await;
    live_a_little(&sqlite(other.path(), &clock)).await;
    let name = medium().sha256;
    std::fs::remove_file(other.path().join("media").join(&name[..2]).join(&name)).unwrap();
    let refused = moved(other.path(), &database, &clock).await.unwrap_err();
    assert!(refused.to_string().contains(&name), "{refused}");
    assert_eq!(database.sql("SELECT count(*) FROM publish").unwrap(), "0\n");
    moved(directory.path(), &database, &clock).await.unwrap();
    let again = moved(directory.path(), &database, &clock)
        .await
        .unwrap_err();
    assert!(
        matches!(again, MoveError::From(OpenError::Moved { .. })),
        "{again}"
    );
    let occupied = moved(other.path(), &database, &clock).await.unwrap_err();
    assert_eq!(occupied, MoveError::NotEmpty);
    sqlite(other.path(), &clock);
}
