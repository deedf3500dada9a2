//! Opening a database.
//!
//! Ensures that an error says which database is concerned and what to do about it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use slugline_engine::store::StoreError;

use super::connector::Connector;
use super::fault::Fault;
use super::gauges::Gauges;
use super::lines::Lines;
use super::pool::{Kind, Pool};
use super::session::call;
use super::thread::Thread;
use super::times::{NOW, Times};
use super::{PostgresStore, bell, schema, sequencer};
use crate::prepare::Salts;

/// Connections for reads and passes, and as many for reads by index: as many as the API serves at once
/// without waiting for each other; the server has a hundred for all nodes.
const READERS: usize = 4;

/// Why a database cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// A newer Slugline wrote it.
    Newer {
        /// The schema version of the database.
        found: i64,
        /// The newest that this binary knows.
        known: i64,
    },
    /// What is stored cannot be read.
    Damaged(String),
    /// It cannot be reached, or not be used.
    Unavailable(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { found, known } => write!(
                f,
                "the database was written by a newer Slugline (schema {found}, this one knows {known}); install that version"
            ),
            Self::Damaged(why) => write!(f, "the data is damaged: {why}"),
            Self::Unavailable(why) => write!(f, "the database cannot be used: {why}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        match StoreError::from(fault) {
            StoreError::Corrupt(why) | StoreError::Internal(why) => Self::Damaged(why),
            StoreError::Full(why) | StoreError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// Opens a database and starts the store's thread.
pub(crate) fn open(url: &str, times: Times, seed: [u8; 16]) -> Result<PostgresStore, OpenError> {
    let connector = Connector::new(url)?;
    let thread = Thread::start()
        .map_err(|error| OpenError::Unavailable(format!("no thread can be started: {error}")))?;
    let (times, gauges) = (Arc::new(times), Arc::new(Gauges::default()));
    let begun = begin(
        connector.clone(),
        Arc::clone(&times),
        Arc::clone(&gauges),
        seed,
    );
    let closed = || OpenError::Unavailable("the store's thread has ended".into());
    let installation = thread.wait(begun).ok_or_else(closed)??;
    thread.spawn(bell::ring(connector.clone(), Arc::clone(&gauges)));
    let lines = Lines::open(&thread, connector.clone(), &times, &gauges);
    let salts =
        Salts::new().map_err(|error| OpenError::Unavailable(format!("no randomness: {error}")))?;
    let probes = Pool::new(connector.clone(), Kind::Probing, READERS);
    let pool = Pool::new(connector, Kind::Planning, READERS);
    Ok(PostgresStore {
        installation,
        times,
        gauges,
        lines,
        salts,
        pool,
        probes,
        thread,
    })
}

async fn begin(
    connector: Connector,
    times: Arc<Times>,
    gauges: Arc<Gauges>,
    seed: [u8; 16],
) -> Result<String, OpenError> {
    let session = connector.session().await?;
    schema::migrate(&session).await?;
    let installation = schema::installation(&session, seed).await?;
    let [now] = session.each([call(NOW, &[&times.given()])]).await?;
    times.read(&now)?;
    gauges
        .open_jobs
        .store(sequencer::open_jobs(&session).await?, Ordering::Relaxed);
    Ok(installation)
}
