//! Where a node's data are, and which destinations it takes.
//!
//! Ensures that nothing else of a node depends on the kind of its store.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use slugline_core::secret::Secret;
use slugline_engine::ports::Clock;
use slugline_engine::store::Store;
use slugline_store::postgres::PostgresStore;
use slugline_store::sqlite::SqliteStore;

use crate::clock::random_bytes;

/// Where a node's data are.
pub enum Storage {
    /// In a directory, in SQLite.
    Directory(PathBuf),
    /// In PostgreSQL.
    Database(Secret),
}

impl Storage {
    /// Opens it.
    ///
    /// # Errors
    /// What is wrong and what to do, for people.
    pub fn open(&self, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>, String> {
        let seed = random_bytes::<16>()?;
        Ok(match self {
            Self::Directory(path) => {
                Arc::new(SqliteStore::open(path, clock, seed).map_err(|why| why.to_string())?)
            }
            Self::Database(url) => {
                let opened = PostgresStore::open(url.expose(), clock, seed);
                Arc::new(opened.map_err(|why| why.to_string())?)
            }
        })
    }
}

impl fmt::Display for Storage {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Database(_) => f.write_str("PostgreSQL"),
        }
    }
}

/// What distinguishes a node from others of the same configuration.
pub struct Place {
    /// Where its data are.
    pub store: Storage,
    /// The region whose destinations it takes; all when `None`.
    pub region: Option<String>,
}
