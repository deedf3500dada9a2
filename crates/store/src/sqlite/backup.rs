//! Copies of a data directory, and back.
//!
//! Ensures that a backup is one moment of the data, taken while a server goes on, and a data directory
//! like any other; that what bears a backup's name is whole and on disk; and that nothing is ever
//! restored over data that are there.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use slugline_engine::store::LogCheck;

use super::directory::{self, Directory};
use super::fault::{Done, Fault};
use super::statements::Statements;
use super::{OpenError, connection, files, leaving, schema, verify};

/// What a backup holds, or what was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Bytes of the database.
    pub database: u64,
    /// Media.
    pub media: u64,
    /// The check of its log.
    pub log: LogCheck,
}

/// Copies a data directory to `to`, which must not be there, also while a server uses it.
pub fn backup(from: &Path, to: &Path) -> Result<Copied, OpenError> {
    let file = directory::database(from);
    let source = connection::reading(&file)?;
    schema::version(&source)?;
    absent(to)?;
    let part = beside(to);
    absent(&part)?;
    make(&part)?;
    // A medium that goes while its row is copied would be missing: so media are copied first, and
    // those that came meanwhile afterwards.
    media(&source, from, &part, Missing::HasGone)?;
    let copy = directory::database(&part);
    source.run("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    let copied = complete(from, &part, &copy)?;
    std::fs::rename(&part, to).map_err(|error| OpenError::disk(to, &error))?;
    sync_parent(to)?;
    Ok(copied)
}

/// Copies a backup to a data directory without data.
pub fn restore(backup: &Path, to: &Path) -> Result<Copied, OpenError> {
    let source = directory::database(backup);
    let opened = connection::reading(&source)?;
    schema::version(&opened)?;
    leaving::refuse_moved(&opened)?;
    let database = directory::database(to);
    absent(&database)?;
    let _directory = Directory::lock(to)?;
    media(&opened, backup, to, Missing::IsAFault)?;
    let part = beside(&database);
    std::fs::copy(&source, &part).map_err(|error| OpenError::disk(&part, &error))?;
    let copied = complete(backup, to, &part)?;
    std::fs::rename(&part, &database).map_err(|error| OpenError::disk(&database, &error))?;
    sync_parent(&database)?;
    Ok(copied)
}

/// What it means that a medium has a row and no file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    HasGone,
    IsAFault,
}

/// Adds the media that a copied database names and are not there yet, and checks it.
fn complete(from: &Path, to: &Path, database: &Path) -> Result<Copied, OpenError> {
    sync(database)?;
    let copy = connection::reading(database)?;
    let media = media(&copy, from, to, Missing::IsAFault)?;
    let size = std::fs::metadata(database).map_err(|error| OpenError::disk(database, &error))?;
    Ok(Copied {
        database: size.len(),
        media,
        log: verify::check(&copy)?,
    })
}

/// Copies the media that a database names; how many it names.
fn media(database: &Connection, from: &Path, to: &Path, missing: Missing) -> Done<u64> {
    let sql = "SELECT lower(hex(sha256)) FROM media";
    let names = database.all(sql, [], |row| row.get::<_, String>(0))?;
    for name in &names {
        if files::is_there(to, name)? {
            continue;
        }
        match files::read(from, name) {
            Ok(bytes) => files::write(to, name, &bytes)?,
            Err(Fault::Unreadable(_)) if missing == Missing::HasGone => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(names.len() as u64)
}

fn absent(path: &Path) -> Result<(), OpenError> {
    match path.exists() {
        true => Err(OpenError::Disk(format!(
            "{} is there already; name another, or move it away",
            path.display()
        ))),
        false => Ok(()),
    }
}

/// Where a copy grows until it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn make(directory: &Path) -> Result<(), OpenError> {
    std::fs::create_dir_all(directory.join("media"))
        .map_err(|error| OpenError::disk(directory, &error))
}

fn sync(path: &Path) -> Result<(), OpenError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| OpenError::disk(path, &error))
}

fn sync_parent(path: &Path) -> Result<(), OpenError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync(parent),
        _ => sync(Path::new(".")),
    }
}
