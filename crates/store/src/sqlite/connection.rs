//! Opening connections to the database file.
//!
//! Ensures that connections of a kind have the same durability and cache settings.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::Done;

/// KiB of page cache per connection. Over 8 to 16 MiB, SQLite's commits scan the cache's hash.
const CACHE_KIB: i64 = 8 * 1024;
/// Bytes that the WAL file is cut back to once it was reset.
const WAL_KEPT: i64 = 64 * 1024 * 1024;
/// Statements kept prepared; more than there are in this crate.
const STATEMENTS: usize = 256;
/// Other connections hold locks for moments only (a checkpoint, `verify-log` opening the file).
const BUSY: Duration = Duration::from_secs(5);

/// The writer's connection; makes the file if it is absent. A commit returns when it is written;
/// `sync` brings it on disk. The WAL is synced before a checkpoint, whoever runs it.
pub(crate) fn writing(file: &Path) -> Done<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Checkpoints have their own thread: on the writer they made every twentieth request slow.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT)?;
    overwrite(&connection, false)?;
    Ok(with_caches(connection)?)
}

/// Has what is deleted overwritten: always within pages that are written anyway, so that no older copy of a row stays
/// there; `everywhere`: in pages that become free as well, which writes them all.
pub(crate) fn overwrite(connection: &Connection, everywhere: bool) -> Done<()> {
    let how = if everywhere { "ON" } else { "FAST" };
    Ok(connection.pragma_update(None, "secure_delete", how)?)
}

/// A connection that only reads; works while another process writes.
pub(crate) fn reading(file: &Path) -> Done<Connection> {
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    Ok(with_caches(connection)?)
}

/// A connection that copies the WAL into the database file.
pub(crate) fn checkpointing(file: &Path) -> Done<Connection> {
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

fn with_caches(connection: Connection) -> rusqlite::Result<Connection> {
    // Without this, binding a value to a statement on a table with partial indexes makes SQLite
    // prepare the statement again each time: half of the writer's time, measured.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}
