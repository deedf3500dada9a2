//! Opening a data directory.
//!
//! Ensures that an error says which file is concerned and what to do about it.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use slugline_engine::ports::Clock;
use slugline_engine::store::StoreError;

use super::checkpoint::Checkpoints;
use super::directory::Directory;
use super::fault::{Done, Fault};
use super::names::Names;
use super::readers::Readers;
use super::writer::{Gauges, Writer};
use super::{SqliteStore, connection, jobs, leaving, schema, sync, tx};
use crate::prepare::Salts;

/// Why a data directory cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// Another process uses it.
    InUse {
        /// Which directory.
        directory: PathBuf,
        /// Which process, if it has said so.
        pid: Option<u32>,
    },
    /// A newer Slugline wrote it.
    Newer {
        /// The schema version of the file.
        found: i64,
        /// The newest that this binary knows.
        known: i64,
    },
    /// Its data were moved to PostgreSQL.
    Moved {
        /// When.
        at: String,
    },
    /// The database is damaged, or no database.
    Damaged(String),
    /// The directory or a file in it cannot be used.
    Disk(String),
}

impl OpenError {
    pub(crate) fn disk(path: &Path, error: &std::io::Error) -> Self {
        Self::Disk(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { directory, pid } => {
                write!(
                    f,
                    "the data directory {} is in use by ",
                    directory.display()
                )?;
                match pid {
                    Some(pid) => write!(f, "process {pid}; stop it, or choose another directory"),
                    None => f.write_str("another process; stop it, or choose another directory"),
                }
            }
            Self::Newer { found, known } => {
                write!(
                    f,
                    "the data was written by a newer Slugline (schema {found}, this one knows {known}); install that version"
                )
            }
            Self::Moved { at } => write!(
                f,
                "the data were moved to PostgreSQL at {at}; serve them with --database-url"
            ),
            Self::Damaged(why) => write!(f, "the data is damaged: {why}"),
            Self::Disk(why) => write!(f, "the data directory cannot be used: {why}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        match StoreError::from(fault) {
            StoreError::Corrupt(why) | StoreError::Internal(why) => Self::Damaged(why),
            StoreError::Full(why) | StoreError::Unavailable(why) => Self::Disk(why),
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Fault::from(error).into()
    }
}

/// Queued jobs that a start counts before it goes on: about a millisecond.
const COUNTED_AT_ONCE: i64 = 50_000;

/// Opens a data directory and starts the store's threads.
pub(crate) fn open(
    root: &Path,
    clock: Arc<dyn Clock>,
    seed: [u8; 16],
) -> Result<SqliteStore, OpenError> {
    let directory = Directory::lock(root)?;
    let file = directory.database();
    let mut connection = connection::writing(&file)?;
    leaving::refuse_moved(&connection)?;
    schema::migrate(&mut connection)?;
    let installation = schema::installation(&connection, seed)?;
    jobs::end_leases(&connection, clock.now())?;
    let gauges = Arc::new(Gauges::default());
    let counting = jobs::begin_count(&file, &connection, &gauges, COUNTED_AT_ONCE)?;
    let names = Arc::new(Names::load(&connection)?);
    let salts = Salts::new().map_err(|error| OpenError::disk(Path::new("/dev/urandom"), &error))?;
    let database = Arc::new(File::open(&file).map_err(|error| OpenError::disk(&file, &error))?);
    let (checkpoints, copier) = Checkpoints::start(&mut connection, &file, Arc::clone(&database))?;
    let (readers, mut threads) = Readers::start(&file)?;
    let on_disk = sync::of_wal(&file)?;
    on_disk().map_err(|error| OpenError::disk(&file, &error))?;
    gauges
        .synced
        .log_end
        .store(tx::log_end(&connection)?, Ordering::Release);
    let (writer, writing) = Writer::start(
        connection,
        Arc::clone(&names),
        Arc::clone(&clock),
        Arc::clone(&gauges),
        checkpoints,
        on_disk,
    )
    .map_err(|error| OpenError::disk(&file, &error))?;
    threads.extend(writing.into_iter().chain([copier]).chain(counting));
    Ok(SqliteStore {
        clock,
        installation,
        gauges,
        names,
        salts,
        writer,
        readers,
        threads: Mutex::new(threads),
        free_space: Mutex::new(None),
        media: futures_util::lock::Mutex::new(()),
        _database: database,
        directory,
    })
}

/// Bounds the database file; SQLite never goes below what it has.
pub(crate) fn bound(connection: &Connection, bytes: u64) -> Done<()> {
    let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    // Zero pages would mean "as before".
    let pages = i64::try_from(bytes / page.max(1))
        .unwrap_or(i64::MAX)
        .max(1);
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    Ok(())
}
