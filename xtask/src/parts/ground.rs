//! Where the suites with a real WordPress keep its template, the running site and the logs: one folder for all of them,
//! so that the installation is made once. Ensures that one suite at a time uses it, that what a killed run left running is
//! ended first, and that the logs are those of this run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::process;

/// The folder, ours until it is dropped.
#[derive(Debug)]
pub(crate) struct Ground {
    /// What a site is started in.
    pub(crate) folder: PathBuf,
    /// Where servers write.
    pub(crate) logs: PathBuf,
    _alone: File,
}

impl Ground {
    /// Takes the folder.
    ///
    /// # Errors
    /// When another run has it, or it cannot be written.
    pub(crate) fn take() -> Result<Self> {
        let folder = crate::run::target().join("real-wordpress");
        let alone = alone_in(&folder)?;
        process::end_leftovers(&folder);
        let logs = folder.join("logs");
        clear(&logs)?;
        Ok(Self {
            folder,
            logs,
            _alone: alone,
        })
    }
}

/// Two runs in one folder would end each other's servers.
fn alone_in(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.try_lock()
        .with_context(|| format!("another run uses {}; wait for its end", folder.display()))?;
    Ok(lock)
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}
