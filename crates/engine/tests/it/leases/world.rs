//! A small world for the lease protocol: three nodes, three jobs in two lanes of one destination, the
//! product's own store and desks, and a clock that moves by ticks.
//!
//! A state is left and come back to by writing its rows back beside the store: every column of the
//! jobs and of what is desired, so that nothing of it is forgotten here.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use rusqlite::types::Value;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::ids::JobId;
use slugline_core::intake::Submission;
use slugline_core::item::{Class, ItemKey};
use slugline_core::lane::LaneScope;
use slugline_core::port::{BoxFuture, FileOp, FileReply};
use slugline_core::request::decode;
use slugline_core::time::Timestamp;
use slugline_engine::delivery::Shared;
use slugline_engine::destination::{Destination, DestinationSettings};
use slugline_engine::ports::{Clock, Transport};
use slugline_engine::store::{Registration, Room, Store, Want};
use slugline_parts::scratch;
use slugline_store::sqlite::SqliteStore;

use crate::house::connector;

/// How far the clock moves at once, and the longest time of a request: finer steps find nothing
/// more, since all other times here are multiples of it.
pub const TICK: Duration = Duration::from_secs(60);
/// As delivery asks for it: three request timeouts.
pub const LEASE: Duration = Duration::from_secs(180);
/// Jobs 0 and 1 share a lane, job 2 has its own.
pub const LANES: [usize; JOBS] = [0, 0, 1];
pub const JOBS: usize = 3;
const NAME: &str = "d";
const ITEMS: [(&str, &str); JOBS] = [("a", "en"), ("a", "de"), ("b", "en")];

/// Time that is set, not passed.
pub struct SetClock(AtomicI64);

impl SetClock {
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst).unsigned_abs())
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        unreachable!("no step waits")
    }
}

/// Counts what was sent; everything is answered.
#[derive(Default)]
pub struct Wire(Mutex<u32>);

impl Wire {
    /// Whether something was sent since the last look.
    pub fn took_one(&self) -> bool {
        std::mem::take(&mut *self.0.lock().unwrap()) > 0
    }
}

impl Transport for Wire {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        *self.0.lock().unwrap() += 1;
        let answer = Response {
            status: 200,
            headers: Vec::new(),
            body: bytes::Bytes::new(),
        };
        Box::pin(std::future::ready(Ok(answer)))
    }

    fn file<'a>(&'a self, _: &'a str, _: FileOp) -> BoxFuture<'a, Result<FileReply, SendError>> {
        unreachable!("an API")
    }
}

/// The store and what watches it.
pub struct World {
    pub shared: Shared,
    pub clock: Arc<SetClock>,
    pub wire: Arc<Wire>,
    pub destination: Arc<Destination>,
    pub jobs: [JobId; JOBS],
    file: rusqlite::Connection,
    _directory: tempfile::TempDir,
}

/// Rows as they were, column by column.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved(Vec<Vec<Vec<Value>>>);

/// What the store keeps of a job, as far as the protocol goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub state: i64,
    pub due: i64,
    pub fence: i64,
    pub lease_until: Option<i64>,
    pub look_due: Option<i64>,
    pub undisturbed: bool,
    /// Effects and holds, of any job.
    pub recorded: i64,
}

pub type Rows = [Row; JOBS];

/// Where the state lies; `attempt` only grows, `effect` and `hold` are empty between steps.
const TABLES: [&str; 2] = ["job", "desired"];

impl World {
    pub fn new() -> Self {
        let directory = scratch::folder().unwrap();
        let began = Timestamp::parse("2026-11-21T10:00:00Z").unwrap();
        let clock = Arc::new(SetClock(AtomicI64::new(began.0)));
        let store = SqliteStore::open(directory.path(), clock.clone(), [7; 16]).unwrap();
        let jobs = furnish(&store, began);
        let file = rusqlite::Connection::open(directory.path().join("slugline.db")).unwrap();
        let wire = Arc::new(Wire::default());
        let shared = Shared {
            store: Arc::new(store),
            transport: wire.clone(),
            clock: clock.clone(),
            sealing_key: None,
        };
        Self {
            shared,
            clock,
            wire,
            destination: destination(began),
            jobs,
            file,
            _directory: directory,
        }
    }

    pub fn store(&self) -> &dyn Store {
        self.shared.store.as_ref()
    }

    /// Leaves only the first jobs to be done.
    pub fn keep(&self, jobs: usize) {
        for done in &self.jobs[jobs..] {
            let sql = "UPDATE job SET state = 3 WHERE id = ?1";
            self.file.execute(sql, [done.0]).unwrap();
        }
    }

    /// What the store keeps of the jobs.
    pub fn rows(&self) -> Rows {
        let sql = "SELECT j.state, j.due, j.fence, j.lease_until, w.look_due_at, w.undisturbed,
                          (SELECT count(*) FROM effect e) + (SELECT count(*) FROM hold h)
                   FROM job j JOIN desired w ON w.item = j.item ORDER BY j.id";
        let mut statement = self.file.prepare_cached(sql).unwrap();
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Row {
                state: row.get(0)?,
                due: row.get(1)?,
                fence: row.get(2)?,
                lease_until: row.get(3)?,
                look_due: row.get(4)?,
                undisturbed: row.get(5)?,
                recorded: row.get(6)?,
            })
        };
        let rows: rusqlite::Result<Vec<Row>> = statement.query_map([], read).unwrap().collect();
        rows.unwrap().try_into().unwrap()
    }

    /// What is needed to come back.
    pub fn save(&self) -> Saved {
        let read = |table: &str| {
            let sql = format!("SELECT * FROM {table}");
            let mut statement = self.file.prepare_cached(&sql).unwrap();
            let columns = statement.column_count();
            let row = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
            let rows: rusqlite::Result<Vec<Vec<Value>>> =
                statement.query_map([], row).unwrap().collect();
            rows.unwrap()
        };
        Saved(TABLES.map(read).into())
    }

    /// Comes back.
    pub fn restore(&self, Saved(tables): &Saved) {
        let run = |sql: &str, values: &[Value]| {
            let mut statement = self.file.prepare_cached(sql).unwrap();
            statement
                .execute(rusqlite::params_from_iter(values))
                .unwrap();
        };
        run("BEGIN IMMEDIATE", &[]);
        run("DELETE FROM attempt", &[]);
        for (table, rows) in TABLES.iter().zip(tables) {
            run(&format!("DELETE FROM {table}"), &[]);
            for row in rows {
                let places = vec!["?"; row.len()].join(",");
                run(&format!("INSERT INTO {table} VALUES ({places})"), row);
            }
        }
        run("COMMIT", &[]);
    }
}

/// Makes the destination known and queues the jobs.
fn furnish(store: &SqliteStore, now: Timestamp) -> [JobId; JOBS] {
    let known = Registration {
        pace: None,
        name: NAME.into(),
        lane: LaneScope::Item,
        request_timeout: TICK,
        commit_window: Some(TICK),
    };
    block_on(store.register(vec![known])).unwrap();
    let posts = ITEMS.map(|(content, locale)| submission(content, locale, now));
    let decided = block_on(store.accept(posts.into())).unwrap();
    std::array::from_fn(|index| decided[index].as_ref().unwrap().answer.jobs[0].job_id)
}

fn submission(content: &str, locale: &str, now: Timestamp) -> Submission {
    let key = format!("{content}-{locale}");
    let body = format!(
        r#"{{"request_id":"{key}","content_id":"{content}","version":1,"payload":{{"title":"{key}"}}}}"#
    );
    let request = decode(body.as_bytes()).unwrap();
    let fingerprints = request.fingerprints(locale);
    Submission {
        offers: Vec::new(),
        item: ItemKey {
            owner: "default".into(),
            environment: "production".into(),
            content_id: content.into(),
            locale: locale.into(),
        },
        key,
        fingerprint: fingerprints.request,
        body: fingerprints.payload,
        source: "api".into(),
        actor: "token:test".into(),
        targets: vec![NAME.into()],
        media: Some(Vec::new()),
        payload_place: None,
        raw: body.into(),
        headers: Vec::new(),
        received_at: now,
        key_ttl: TICK,
        origin: slugline_core::intake::Origin::Producer,
        request,
    }
}

fn destination(now: Timestamp) -> Arc<Destination> {
    let settings = DestinationSettings {
        name: NAME.into(),
        concurrency: 4,
        rate: None,
        timeout: TICK,
        commit_window: TICK,
        verify_window: TICK,
        protect_drift: false,
        repeat_unknown: false,
        pace: None,
        reconcile: Default::default(),
    };
    let connector = connector("folder", "path = \"nowhere\"");
    Arc::new(Destination::new(settings, connector, now))
}

/// One job of the destination.
pub fn want() -> Want {
    Want {
        destination: NAME.into(),
        class: Class::Standard,
        limit: 1,
        room: Room::default(),
        lease: LEASE,
    }
}
