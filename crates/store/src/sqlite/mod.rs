//! The store in one SQLite file: the default, for one machine.
//!
//! Ensures that a data directory is used by one process, that one writer commits for all (`writer`),
//! and that reading never waits for it (`readers`). Each operation has a file of its own; the port
//! is put together in `port`.

mod accept;
mod backup;
mod carry_out;
mod checkpoint;
mod claim;
mod column;
mod connection;
mod credentials;
mod dependencies;
mod desired;
mod destinations;
mod directory;
mod drawers;
mod effects;
mod erase;
mod fault;
mod files;
mod items;
mod jobs;
mod keys;
pub(crate) mod leaving;
mod ledger;
mod log;
mod looks;
mod media;
mod names;
mod notes;
mod open;
mod operator;
mod orders;
mod pauses;
mod polls;
mod port;
mod prune;
mod publishes;
mod read;
mod readers;
mod release;
mod rerun;
mod rescue;
mod revisions;
mod rows;
pub(crate) mod schema;
mod seal;
mod sessions;
mod settle;
mod slots;
mod slugs;
mod statements;
mod sync;
mod task;
mod tokens;
mod tx;
mod verify;
mod webhooks;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use slugline_engine::ports::Clock;
use slugline_engine::store::{LogCheck, Pressure, StoreError};

pub use backup::{Copied, backup, restore};
pub(crate) use fault::Fault;
pub use open::OpenError;

use crate::nudge;
use crate::prepare::Salts;
use dependencies::Reading;
use directory::Directory;
use fault::Done;
use names::Names;
use readers::Readers;
use writer::{Gauges, Writer};

/// How long a look at the disk's free space is good for: intake asks for each request.
const FREE_SPACE_KEPT: Duration = Duration::from_secs(1);

/// The SQLite store.
pub struct SqliteStore {
    clock: Arc<dyn Clock>,
    installation: String,
    gauges: Arc<Gauges>,
    names: Arc<Names>,
    salts: Salts,
    writer: Writer,
    readers: Readers,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// When the disk was looked at, by the clock's monotonic time, and what was free.
    free_space: Mutex<Option<(Duration, u64)>>,
    /// One upload or removal of media at a time: a file and its row change together.
    media: futures_util::lock::Mutex<()>,
    // Dropped last and in this order, once no connection is left: closing a descriptor of the file
    // drops the locks that SQLite has on it.
    _database: Arc<File>,
    directory: Directory,
}

impl SqliteStore {
    /// Opens a data directory, making it if it is absent. `installation_seed`: random bytes that name
    /// a new installation; ignored for one that has its name.
    pub fn open(
        directory: &Path,
        clock: Arc<dyn Clock>,
        installation_seed: [u8; 16],
    ) -> Result<Self, OpenError> {
        open::open(directory, clock, installation_seed)
    }

    /// Bounds the database file to this many bytes (at least what it has now); past it, writing
    /// operations answer [`StoreError::Full`] and what is stored stays readable.
    pub async fn bound(&self, bytes: u64) -> Result<(), StoreError> {
        self.writer.submit(move |tx| open::bound(tx, bytes)).await
    }

    /// How many transactions were committed since it was opened.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.gauges.commits.load(Ordering::Relaxed)
    }

    /// Has `read` done by a reader, from one moment of the file, with the names that are in memory.
    fn read<T, F>(
        &self,
        read: F,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + use<'_, T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Reading<'_>) -> Done<T> + Send + 'static,
    {
        let names = Arc::clone(&self.names);
        self.readers.ask(move |connection| {
            read(&Reading {
                connection,
                names: &names,
            })
        })
    }

    fn pressure_now(&self) -> Pressure {
        Pressure {
            open_jobs: u64::try_from(self.gauges.open_jobs.load(Ordering::Relaxed)).unwrap_or(0),
            free_bytes: self.free_bytes(),
            waiting: self.gauges.waiting.load(Ordering::Relaxed),
        }
    }

    fn free_bytes(&self) -> u64 {
        let now = self.clock.monotonic();
        let mut known = self
            .free_space
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((at, free)) if now.saturating_sub(at) < FREE_SPACE_KEPT => free,
            _ => {
                // A disk that cannot be asked is not ours to watch.
                let free = rustix::fs::statvfs(self.directory.root())
                    .map_or(u64::MAX, |disk| disk.f_bavail * disk.f_frsize);
                *known = Some((now, free));
                free
            }
        }
    }

    /// Ends the threads after what was handed in; waits for them.
    fn end(&self) {
        self.writer.stop();
        self.readers.stop();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the store had panicked");
            }
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.end();
    }
}

/// Checks the log of a data directory, also while a server uses it; changes nothing.
pub fn verify_log(directory: &Path) -> Result<LogCheck, OpenError> {
    let file: PathBuf = directory::database(directory);
    let connection = connection::reading(&file)?;
    schema::version(&connection)?;
    Ok(verify::check(&connection)?)
}
