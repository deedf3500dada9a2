//! The folders that servers run on.
//!
//! Ensures that each server has a folder of its own, copied from one that was initialised once per machine and version:
//! copying takes a tenth of the time.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::programs;

/// The superuser of every throw-away server; it has no password, and the server listens on the loopback only.
pub(super) const USER: &str = "slugline";

/// Makes a folder with an empty cluster. It is the server's to remove.
pub(super) fn create(programs: &Path) -> Result<PathBuf> {
    let template = template(programs)?;
    let data = fresh("slugline-postgres-data-")?;
    programs::run(
        programs::command(Path::new("cp"))?
            .args(["-a", "--reflink=auto"])
            .arg(template.join("."))
            .arg(&data),
    )?;
    Ok(data)
}

/// The initialised cluster that all are copied from; made by whoever comes first.
fn template(programs: &Path) -> Result<PathBuf> {
    let version = programs::run(Command::new(programs.join("postgres")).arg("--version"))?;
    let version: String = version
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let user = rustix::process::geteuid().as_raw();
    let template = std::env::temp_dir().join(format!("slugline-{version}-of-{user}"));
    if template.exists() {
        return Ok(template);
    }
    let made = fresh("slugline-postgres-new-")?;
    let mut initdb = programs::command(&programs.join("initdb"))?;
    initdb.args([
        "--no-sync",
        "--no-locale",
        "--encoding=UTF8",
        "--auth=trust",
    ]);
    programs::run(
        initdb
            .arg(format!("--username={USER}"))
            .arg("--pgdata")
            .arg(&made),
    )?;
    // A folder that is not empty is never replaced: of two who come first, one keeps its own for nothing.
    if std::fs::rename(&made, &template).is_err() {
        std::fs::remove_dir_all(&made)
            .with_context(|| format!("cannot remove {}", made.display()))?;
    }
    Ok(template)
}

/// An empty folder that belongs to the server's user.
fn fresh(prefix: &str) -> Result<PathBuf> {
    let mut mktemp = programs::command(Path::new("mktemp"))?;
    let pattern = std::env::temp_dir().join(format!("{prefix}XXXXXXXX"));
    let made = programs::run(mktemp.arg("--directory").arg(pattern))?;
    Ok(PathBuf::from(made.trim_end()))
}
