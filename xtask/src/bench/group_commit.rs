//! The disk floor of intake: one row of the same bytes under a random key, committed in groups as they come from as many
//! callers as the load has. Durable in the product's sense: WAL with `synchronous=FULL`.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::load::CONNECTIONS;
use super::requests::BODY_BYTES;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE row (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, body BLOB NOT NULL);
";
const INSERT: &str = "INSERT INTO row (key, body) VALUES (?1, ?2)";

/// A caller that waits for its row to be on disk.
type Waiting = ([u8; 16], oneshot::Sender<()>);

/// Rows per second over `span`, in a new database inside `folder`. Must run within a `LocalSet`.
pub(super) async fn rows_per_second(folder: &Path, span: Duration) -> Result<f64> {
    let database = open(&folder.join("rows.db"))?;
    let (sender, receiver) = mpsc::channel();
    let writer = std::thread::spawn(move || write(database, &receiver));
    let (started, count) = (Instant::now(), Rc::new(Cell::new(0_u64)));
    let mut callers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        callers.spawn_local(caller(sender.clone(), started + span, count.clone()));
    }
    drop(sender);
    callers.join_all().await;
    let rate = count.get() as f64 / started.elapsed().as_secs_f64();
    writer
        .join()
        .map_err(|_| anyhow::anyhow!("the floor's writer ended early"))??;
    Ok(rate)
}

/// A database of one table; durable, otherwise as SQLite comes.
pub(super) fn open(path: &Path) -> Result<Connection> {
    let database =
        Connection::open(path).with_context(|| format!("cannot create {}", path.display()))?;
    database.execute_batch(SCHEMA)?;
    Ok(database)
}

/// Commits one row.
pub(super) fn commit_one(database: &Connection, key: u128) -> Result<()> {
    database
        .prepare_cached(INSERT)?
        .execute((key.to_be_bytes(), [b'x'; BODY_BYTES]))?;
    Ok(())
}

async fn caller(writer: mpsc::Sender<Waiting>, until: Instant, count: Rc<Cell<u64>>) {
    let mut random = fastrand::Rng::new();
    while Instant::now() < until {
        let (done, durable) = oneshot::channel();
        if writer.send((random.u128(..).to_be_bytes(), done)).is_err() || durable.await.is_err() {
            return;
        }
        count.set(count.get() + 1);
    }
}

fn write(mut database: Connection, callers: &mpsc::Receiver<Waiting>) -> Result<()> {
    while let Ok(first) = callers.recv() {
        let group: Vec<Waiting> = std::iter::once(first).chain(callers.try_iter()).collect();
        let transaction = database.transaction()?;
        for (key, _) in &group {
            transaction
                .prepare_cached(INSERT)?
                .execute((key, [b'x'; BODY_BYTES]))?;
        }
        transaction.commit()?;
        for (_, done) in group {
            // A caller that has stopped waiting needs no answer.
            let _ = done.send(());
        }
    }
    Ok(())
}
