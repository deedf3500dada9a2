//! What the measured server stores in: a data directory, or a database on a PostgreSQL of the bench's own. Ensures that
//! each server begins with an empty one.

use std::ffi::OsString;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result};
use slugline_parts::postgres::Server;

use super::{copies, usage};

/// The databases and directories that servers get one of.
#[derive(Debug, Clone)]
pub(super) enum Store {
    Sqlite,
    Postgres(Rc<Server>),
}

/// One server's own.
#[derive(Debug)]
pub(super) enum Home {
    Directory,
    Database { server: Rc<Server>, name: String },
}

impl Store {
    /// As figures name it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => super::SQLITE,
            Self::Postgres(_) => super::POSTGRES,
        }
    }

    /// An empty one.
    ///
    /// # Errors
    /// PostgreSQL's words.
    pub(super) fn home(&self) -> Result<Home> {
        let Self::Postgres(server) = self else {
            return Ok(Home::Directory);
        };
        let name = format!("bench_{:016x}", fastrand::u64(..));
        server.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(Home::Database {
            server: server.clone(),
            name,
        })
    }
}

impl Home {
    /// What `slugline serve` is told besides its configuration.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Directory => Vec::new(),
            Self::Database { server, name } => {
                vec!["--database-url".into(), server.url(name).into()]
            }
        }
    }

    /// Does what a load has left to be done, so that what is measured next does not pay for it: PostgreSQL looks after
    /// every table that has changed much, for seconds and by itself.
    ///
    /// # Errors
    /// PostgreSQL's words.
    pub(super) fn settle(&self) -> Result<()> {
        if let Self::Database { server, name } = self {
            server.sql(name, "VACUUM (ANALYZE)")?;
            server.sql(name, "CHECKPOINT")?;
        }
        rustix::fs::sync();
        Ok(())
    }

    /// Bytes on disk with everything written where it belongs, of a server that is stopped.
    ///
    /// # Errors
    /// They cannot be counted.
    pub(super) fn bytes(&self, directory: &Path) -> Result<u64> {
        match self {
            Self::Directory => checkpointed_bytes(directory),
            Self::Database { server, name } => {
                server.sql(name, "CHECKPOINT")?;
                let beyond_empty =
                    format!("SELECT pg_database_size('{name}') - pg_database_size('template0')");
                let counted = server.sql(name, &beyond_empty)?;
                counted.trim().parse().context("no size")
            }
        }
    }

    /// Copies every job of a server that is stopped, until each is there so many times.
    ///
    /// # Errors
    /// The product's table of jobs is not as `copies` expects it.
    pub(super) fn copy_jobs(&self, directory: &Path, times: usize) -> Result<()> {
        match self {
            Self::Directory => copies::on_sqlite(&database(directory), times),
            Self::Database { server, name } => copies::on_postgres(server, name, times),
        }
    }
}

fn database(directory: &Path) -> std::path::PathBuf {
    directory.join("slugline.db")
}

fn checkpointed_bytes(directory: &Path) -> Result<u64> {
    let file = rusqlite::Connection::open(database(directory))?;
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(file);
    usage::bytes(directory)
}
