//! Where suites and the bench leave their last figures, under `target/proof`, for the reliability page to be made from.
//! Ensures that a file is whole or absent. What was never measured here is absent, and the page says so.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

/// Keeps figures under a name, in place of the last ones.
///
/// # Errors
/// They cannot be written.
pub(crate) fn keep(name: &str, figures: &impl Serialize) -> Result<()> {
    let file = file(name);
    let beside = file.with_extension("new");
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&beside, serde_json::to_vec_pretty(figures)?)?;
    fs::rename(&beside, &file).with_context(|| format!("cannot write {}", file.display()))
}

/// The last figures under a name; `None` where there are none.
///
/// # Errors
/// They cannot be read.
pub(crate) fn kept(name: &str) -> Result<Option<Value>> {
    let file = file(name);
    if !file.exists() {
        return Ok(None);
    }
    let figures = serde_json::from_slice(&fs::read(&file)?);
    figures
        .map(Some)
        .with_context(|| format!("{} is damaged; remove it", file.display()))
}

fn file(name: &str) -> PathBuf {
    crate::run::target()
        .join("proof")
        .join(name)
        .with_extension("json")
}
