//! A data directory whose data are moved to another store.
//!
//! Ensures that nobody works with them meanwhile, nor afterwards: two servers with the same jobs would
//! publish twice.

use std::path::Path;

use bytes::Bytes;
use rusqlite::{Connection, params};
use slugline_core::time::Timestamp;

use super::directory::{self, Directory};
use super::fault::Done;
use super::statements::Statements;
use super::{OpenError, connection, files, jobs, schema};

/// The mark's name in `meta`; its value is the time.
const MARK: &str = "moved_to_postgres";

/// The data, in nobody else's hands.
pub(crate) struct Leaving {
    pub(crate) connection: Connection,
    directory: Directory,
}

impl Leaving {
    /// Takes the directory, which must be there, and ends the leases of whoever had it.
    pub(crate) fn open(root: &Path, now: Timestamp) -> Result<Self, OpenError> {
        let file = directory::database(root);
        if !file.exists() {
            return Err(OpenError::Disk(format!("{} is not there", file.display())));
        }
        let directory = Directory::lock(root)?;
        let mut connection = connection::writing(&file)?;
        refuse_moved(&connection)?;
        schema::migrate(&mut connection)?;
        jobs::end_leases(&connection, now)?;
        Ok(Self {
            connection,
            directory,
        })
    }

    /// The installation's id.
    pub(crate) fn installation(&self) -> Result<String, OpenError> {
        let found = value(&self.connection, "installation")?;
        found.ok_or_else(|| OpenError::Damaged("the installation's id is missing".into()))
    }

    /// The number of open jobs.
    pub(crate) fn open_jobs(&self) -> Done<i64> {
        jobs::count_open(&self.connection)
    }

    /// A medium's bytes.
    pub(crate) fn medium(&self, sha256: &str) -> Done<Bytes> {
        files::read(self.directory.root(), sha256)
    }

    /// Has the directory refused from now on.
    pub(crate) fn mark(&self, now: Timestamp) -> Done<()> {
        let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
        self.connection
            .run(sql, params![MARK, now.to_string()])
            .map(drop)
    }
}

/// An error when the data were moved elsewhere.
pub(crate) fn refuse_moved(connection: &Connection) -> Result<(), OpenError> {
    if schema::version(connection)? == 0 {
        return Ok(());
    }
    match value(connection, MARK)? {
        Some(at) => Err(OpenError::Moved { at }),
        None => Ok(()),
    }
}

fn value(connection: &Connection, name: &str) -> Done<Option<String>> {
    connection.one("SELECT value FROM meta WHERE name = ?1", [name], |row| {
        row.get(0)
    })
}
