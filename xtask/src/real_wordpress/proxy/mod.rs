//! A proxy between Slugline and WordPress that misbehaves on purpose, by seeded dice, and counts what it did.
//! Ensures that every request which passes is passed byte for byte, one request a connection as PHP's own server
//! does, and that after `calm` nothing that was held back is still under way.

mod dice;
mod exchange;
mod fault;
mod kind;
mod table;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::RwLock;
use tokio::task::JoinHandle;

use dice::Dice;
pub(crate) use table::Table;

/// A running proxy; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct FaultProxy {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    dice: Mutex<Dice>,
    /// Every held request reads this lock until it has reached WordPress; `calm` waits for the write lock.
    held: Arc<RwLock<()>>,
}

impl FaultProxy {
    /// Listens on `address` and passes to `upstream`; faults are off at first.
    ///
    /// # Errors
    /// When the address is taken.
    pub(crate) async fn start(
        address: SocketAddr,
        upstream: SocketAddr,
        seed: u64,
    ) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("the proxy cannot listen on {address}"))?;
        let shared = Arc::new(Shared {
            upstream,
            dice: Mutex::new(Dice::new(seed)),
            held: Arc::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, accepting })
    }

    /// From now on requests meet faults.
    pub(crate) fn trouble(&self) {
        self.shared.dice().enable(true);
    }

    /// From now on every request passes; returns once WordPress has had those that were held back.
    pub(crate) async fn calm(&self) {
        self.shared.dice().enable(false);
        let _all_landed = self.shared.held.write().await;
    }

    /// What was done so far.
    pub(crate) fn table(&self) -> Table {
        self.shared.dice().table().clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn dice(&self) -> MutexGuard<'_, Dice> {
        // A panic elsewhere leaves the dice as good as they were.
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // An error here is the client's (it was gone before it was accepted), or ends the test by its deadlines.
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(exchange::exchange(client, Arc::clone(&shared)));
    }
}

#[cfg(test)]
mod tests;
