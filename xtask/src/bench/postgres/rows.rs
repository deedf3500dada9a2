//! The disk floor of intake on PostgreSQL: one row of the same bytes under a random key, written by `UNNEST` in groups as
//! they come from as many callers as the load has. And one such row, committed alone.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use slugline_parts::postgres::Server;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::database;
use crate::bench::load::CONNECTIONS;
use crate::bench::requests::BODY_BYTES;

const SCHEMA: &str =
    "CREATE TABLE row (id bigserial PRIMARY KEY, key bytea NOT NULL UNIQUE, body bytea NOT NULL)";
const INSERT: &str =
    "INSERT INTO row (key, body) SELECT key, $2::bytea FROM UNNEST($1::bytea[]) AS i (key)";

/// A caller that waits for its row to be committed.
type Waiting = (Vec<u8>, oneshot::Sender<()>);

/// Rows per second over `span`, in a new database. Must run within a `LocalSet`.
pub(in crate::bench) async fn per_second(server: &Server, span: Duration) -> Result<f64> {
    let client = database(server, "rows", SCHEMA).await?;
    let (sender, receiver) = mpsc::channel(CONNECTIONS);
    let (started, count) = (Instant::now(), Rc::new(Cell::new(0_u64)));
    let mut callers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        callers.spawn_local(caller(sender.clone(), started + span, count.clone()));
    }
    drop(sender);
    write(&client, receiver).await?;
    callers.join_all().await;
    Ok(count.get() as f64 / started.elapsed().as_secs_f64())
}

/// A connection on which [`commit_one`] works.
pub(in crate::bench) async fn open(server: &Server) -> Result<Client> {
    database(server, "commits", SCHEMA).await
}

/// Commits one row.
pub(in crate::bench) async fn commit_one(client: &Client, key: u128) -> Result<()> {
    let keys = vec![key.to_be_bytes().to_vec()];
    client
        .execute(INSERT, &[&keys, &[b'x'; BODY_BYTES].as_slice()])
        .await?;
    Ok(())
}

async fn caller(writer: mpsc::Sender<Waiting>, until: Instant, count: Rc<Cell<u64>>) {
    let mut random = fastrand::Rng::new();
    while Instant::now() < until {
        let (done, durable) = oneshot::channel();
        let row = (random.u128(..).to_be_bytes().to_vec(), done);
        if writer.send(row).await.is_err() || durable.await.is_err() {
            return;
        }
        count.set(count.get() + 1);
    }
}

async fn write(client: &Client, mut callers: mpsc::Receiver<Waiting>) -> Result<()> {
    let insert = client.prepare(INSERT).await?;
    let mut group = Vec::new();
    while callers.recv_many(&mut group, CONNECTIONS).await > 0 {
        let (keys, waiting): (Vec<_>, Vec<_>) = group.drain(..).unzip();
        client
            .execute(&insert, &[&keys, &[b'x'; BODY_BYTES].as_slice()])
            .await?;
        for done in waiting {
            // A caller that has stopped waiting needs no answer.
            let _ = done.send(());
        }
    }
    Ok(())
}
