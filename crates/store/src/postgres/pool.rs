//! Connections that are lent out.
//!
//! Ensures that a few connections serve all who ask, that one which was lost is replaced when it is
//! next wanted, that nobody is given a transaction that another has left open, and that work which
//! another transaction was in the way of is done again here, not by whoever asked.

use std::sync::{Arc, Mutex, PoisonError};

use slugline_core::port::BoxFuture;
use tokio::sync::Semaphore;

use super::connector::Connector;
use super::fault::{Done, Fault};
use super::session::Session;

/// How often work is tried that others are in the way of: two claims of the same slug meet once.
const TRIES: usize = 8;

/// How the statements of a pool's connections are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For their values: reads and passes.
    Planning,
    /// Once, by index: the hot path.
    Probing,
}

/// The connections that wait, and the room for more.
pub(crate) struct Pool {
    connector: Connector,
    kind: Kind,
    room: Semaphore,
    idle: Mutex<Vec<Session>>,
}

impl Pool {
    /// A pool of at most `size` connections, none of which is made before it is wanted.
    pub(crate) fn new(connector: Connector, kind: Kind, size: usize) -> Arc<Self> {
        Arc::new(Self {
            connector,
            kind,
            room: Semaphore::new(size),
            idle: Mutex::default(),
        })
    }

    /// Does something with a connection, again where another transaction was in the way. What is
    /// left of a transaction that failed is rolled back.
    pub(crate) async fn run<T, F>(&self, work: F) -> Done<T>
    where
        F: for<'s> Fn(&'s Session) -> BoxFuture<'s, Done<T>>,
    {
        let _room = self.room.acquire().await.map_err(|_| gone())?;
        let session = self.session().await?;
        let mut tries = 1;
        let done = loop {
            let done = work(&session).await;
            session.roll_back().await;
            match done {
                Err(fault) if fault.is_conflict() && tries < TRIES => tries += 1,
                done => break done,
            }
        };
        if !session.is_closed() {
            self.idle().push(session);
        }
        done
    }

    /// One that waits and lives, or a new one.
    async fn session(&self) -> Done<Session> {
        while let Some(session) = self.take() {
            if !session.is_closed() && session.begin_use().await.is_ok() {
                return Ok(session);
            }
        }
        match self.kind {
            Kind::Planning => self.connector.session().await,
            Kind::Probing => self.connector.probing().await,
        }
    }

    fn take(&self) -> Option<Session> {
        self.idle().pop()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is answered once the store was closed.
pub(crate) fn gone() -> Fault {
    Fault::Unusable("the store was closed".into())
}
