//! A local webhook receiver that answers 200 at once and remembers each `request_id` it was sent. It checks no
//! signatures: that is the product's test, not its measure.

use std::cell::RefCell;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep};

use crate::parts::ports;
use crate::wire::{Connection, Key};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// How often the count is looked at while waiting; far below the times that are measured.
const LOOK: Duration = Duration::from_millis(1);

/// What has arrived.
#[derive(Default)]
struct Arrived {
    distinct: HashSet<Key>,
    repeats: usize,
    latest: Key,
}

/// A running sink; it ends, connections and all, when it is closed.
pub(super) struct Sink {
    pub(super) address: SocketAddr,
    arrived: Rc<RefCell<Arrived>>,
    serving: JoinHandle<()>,
}

#[derive(Deserialize)]
struct Delivery<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    request_id: &'a str,
}

impl Sink {
    /// Listens on a free port. Must be called within a `LocalSet`.
    pub(super) async fn start() -> Result<Self> {
        Self::at(ports::free::<1>()?[0]).await
    }

    /// Listens at an address. Must be called within a `LocalSet`.
    pub(super) async fn at(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let arrived = Rc::default();
        let serving = tokio::task::spawn_local(accept(listener, Rc::clone(&arrived)));
        Ok(Self {
            address,
            arrived,
            serving,
        })
    }

    /// Closes the port and all connections.
    pub(super) async fn close(self) {
        self.serving.abort();
        // Aborted is what it is to be.
        let _ = self.serving.await;
    }

    /// Distinct publishes that have arrived.
    pub(super) fn count(&self) -> usize {
        self.arrived.borrow().distinct.len()
    }

    /// All deliveries, repeats too.
    pub(super) fn arrivals(&self) -> usize {
        self.count() + self.repeats()
    }

    /// Deliveries beyond the first of a publish.
    pub(super) fn repeats(&self) -> usize {
        self.arrived.borrow().repeats
    }

    /// The publish whose delivery came last.
    pub(super) fn latest(&self) -> Key {
        self.arrived.borrow().latest
    }

    /// Waits until `count` distinct publishes have arrived.
    ///
    /// # Errors
    /// Nothing new arrived for `patience`.
    pub(super) async fn reaches(&self, count: usize, patience: Duration) -> Result<()> {
        let (mut seen, mut since) = (self.count(), Instant::now());
        while seen < count {
            sleep(LOOK).await;
            if self.count() > seen {
                (seen, since) = (self.count(), Instant::now());
            }
            ensure!(
                since.elapsed() < patience,
                "only {seen} of {count} deliveries arrived; nothing for {patience:?}"
            );
        }
        Ok(())
    }
}

async fn accept(listener: TcpListener, arrived: Rc<RefCell<Arrived>>) {
    // Dropped with this task, and the connections with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let arrived = arrived.clone();
        // A connection ends when its server is killed; that is no news here.
        connections.spawn_local(async move { serve(stream, &arrived).await });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, arrived: &RefCell<Arrived>) -> Result<()> {
    let mut connection = Connection::over(stream)?;
    while let Some(request) = connection.next_request().await? {
        record(request.body, &mut arrived.borrow_mut())?;
        connection.send(OK).await?;
    }
    Ok(())
}

fn record(body: &[u8], arrived: &mut Arrived) -> Result<()> {
    let delivery: Delivery<'_> =
        serde_json::from_slice(body).context("a delivery without data.request_id")?;
    arrived.latest = Key::from_str_radix(delivery.data.request_id, 16)
        .context("a request_id that is not ours")?;
    if !arrived.distinct.insert(arrived.latest) {
        arrived.repeats += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_counted_apart() {
        let mut arrived = Arrived::default();
        for id in ["0a", "0b", "0a"] {
            record(
                format!(r#"{{"data":{{"request_id":"{id}"}}}}"#).as_bytes(),
                &mut arrived,
            )
            .unwrap();
        }
        assert_eq!(
            (arrived.distinct.len(), arrived.repeats, arrived.latest),
            (2, 1, 10)
        );
    }
}
