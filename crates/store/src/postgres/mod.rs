//! The store in PostgreSQL: for any number of nodes.
//!
//! Ensures that nodes hold no state: what one was told, all know. Writing operations wait in lines and
//! share transactions (`line`); reads and passes use connections of their own (`pool`). All of it runs
//! on one thread of the store's (`thread`), so that callers need no runtime. Each operation has a file
//! of its own; the port is put together in `port`.

mod accept;
mod bell;
mod carry_out;
mod changes;
mod claim;
pub(crate) mod connector;
mod credentials;
mod dependencies;
mod desired;
mod destinations;
mod effects;
mod erase;
mod facts;
pub(crate) mod fault;
mod gauges;
mod inbox;
mod items;
mod jobs;
mod keys;
mod line;
mod lines;
mod load;
mod log;
mod looks;
mod media;
mod new;
mod notes;
mod open;
mod operator;
mod outage;
mod pauses;
mod polls;
mod pool;
mod port;
mod prune;
mod publishes;
mod read;
mod release;
mod rerun;
mod rescue;
mod resolve;
mod revisions;
mod row;
mod rows;
pub(crate) mod schema;
mod seal;
mod sequencer;
pub(crate) mod session;
mod sessions;
mod settle;
mod slots;
mod slugs;
mod take;
mod task;
mod thread;
mod times;
mod tokens;
mod verify;
mod waiting;
mod webhooks;
mod write;

use std::sync::Arc;

use slugline_core::port::BoxFuture;
use slugline_engine::ports::Clock;
use slugline_engine::store::{LogCheck, StoreError};

pub use open::OpenError;
pub use schema::Migrated;

use connector::Connector;
use fault::Done;
use gauges::{Effected, Gauges};
use lines::Lines;
use pool::Pool;
use session::Session;
use thread::Thread;
use times::Times;

use crate::prepare::Salts;

/// The PostgreSQL store.
pub struct PostgresStore {
    installation: String,
    times: Arc<Times>,
    gauges: Arc<Gauges>,
    lines: Lines,
    salts: Salts,
    /// For reads and passes.
    pool: Arc<Pool>,
    /// For what is read over and over: where a publish is.
    probes: Arc<Pool>,
    thread: Thread,
}

impl PostgresStore {
    /// Opens a database, making its schema if it is empty. `url`: as in
    /// `postgres://user:password@host:5432/database`. `clock`: the node's; only its monotonic time
    /// counts. `installation_seed`: random bytes that name a new installation; ignored for one that
    /// has its name.
    pub fn open(
        url: &str,
        clock: Arc<dyn Clock>,
        installation_seed: [u8; 16],
    ) -> Result<Self, OpenError> {
        open::open(url, Times::new(clock, false), installation_seed)
    }

    /// The same, with `clock` in the place of the database's: for rehearsals, whose time is theirs.
    pub fn rehearse(
        url: &str,
        clock: Arc<dyn Clock>,
        installation_seed: [u8; 16],
    ) -> Result<Self, OpenError> {
        open::open(url, Times::new(clock, true), installation_seed)
    }

    /// Does something with a connection for reads and passes.
    fn ask<T, F>(&self, work: F) -> BoxFuture<'static, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: for<'s> Fn(&'s Session) -> BoxFuture<'s, Done<T>> + Send + Sync + 'static,
    {
        let pool = Arc::clone(&self.pool);
        self.thread.run(async move { pool.run(work).await })
    }

    /// The same for a read by index that is asked for often: planning it costs more than doing it.
    fn probe<T, F>(&self, work: F) -> BoxFuture<'static, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: for<'s> Fn(&'s Session) -> BoxFuture<'s, Done<T>> + Send + Sync + 'static,
    {
        let probes = Arc::clone(&self.probes);
        self.thread.run(async move { probes.run(work).await })
    }

    /// The same for a pass that changes jobs.
    fn change<T, F>(&self, work: F) -> BoxFuture<'static, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: for<'s> Fn(&'s Session, &'s Times) -> BoxFuture<'s, Done<(T, Effected)>>
            + Send
            + Sync
            + 'static,
    {
        let (pool, gauges) = (Arc::clone(&self.probes), Arc::clone(&self.gauges));
        let (times, work) = (Arc::clone(&self.times), Arc::new(work));
        self.thread.run(async move {
            let work = pool.run(move |session| {
                let (times, work) = (Arc::clone(&times), Arc::clone(&work));
                Box::pin(async move { work(session, &times).await })
            });
            let (done, effected) = work.await?;
            gauges.apply(effected);
            Ok(done)
        })
    }
}

/// Brings a database to this binary's schema, also while nodes work on it. Needs a Tokio runtime.
pub async fn migrate(url: &str) -> Result<Migrated, OpenError> {
    let session = Connector::new(url)?.session().await?;
    schema::migrate(&session).await
}

/// Checks the log, also while nodes work on the database. Needs a Tokio runtime.
pub async fn verify_log(url: &str) -> Result<LogCheck, OpenError> {
    let session = Connector::new(url)?.session().await?;
    schema::check(&session).await?;
    Ok(verify::check(&session).await?)
}
