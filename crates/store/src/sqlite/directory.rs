//! The data directory: where its files are, and whose it is.
//!
//! Ensures that one process at a time uses it, even after a `kill -9` (the lock is the kernel's),
//! and that a second one is told which process that is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::OpenError;

/// A data directory that this process has locked.
pub(crate) struct Directory {
    root: PathBuf,
    /// Held for the lock; the kernel drops it with the process.
    _lock: File,
}

impl Directory {
    /// Makes the directory if it is absent and locks it.
    pub(crate) fn lock(root: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(root.join("media"))
            .map_err(|error| OpenError::disk(root, &error))?;
        let path = root.join("slugline.lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| OpenError::disk(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(root, &mut lock)),
            Err(TryLockError::Error(error)) => return Err(OpenError::disk(&path, &error)),
        }
        write_pid(&mut lock).map_err(|error| OpenError::disk(&path, &error))?;
        Ok(Self {
            root: root.to_owned(),
            _lock: lock,
        })
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        database(&self.root)
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

/// The database file of a data directory.
pub(crate) fn database(root: &Path) -> PathBuf {
    root.join("slugline.db")
}

fn in_use(root: &Path, lock: &mut File) -> OpenError {
    let mut pid = String::new();
    // Another process may be writing it just now: then the error names no process.
    let known = lock.read_to_string(&mut pid).is_ok();
    OpenError::InUse {
        directory: root.to_owned(),
        pid: known.then(|| pid.trim().parse().ok()).flatten(),
    }
}

fn write_pid(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    write!(lock, "{}", std::process::id())
}
