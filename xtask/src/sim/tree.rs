//! A copy of the repository's sources that a patch may change.
//!
//! Ensures that the sources themselves stay as they are, and that only what differs is written, so that cargo builds only
//! what a patch touches. What is built has a target folder of its own: cargo gives the crates of a copy the same names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::PROFILE;
use crate::run::{root, target};

/// See the module.
pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// A copy, as the sources are now.
    pub(super) fn new() -> Result<Self> {
        let tree = Self {
            root: target().join("bugs"),
        };
        tree.restore()?;
        tree.borrow_libraries()?;
        Ok(tree)
    }

    fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// Begins with the libraries that were built already: they are most of the work.
    fn borrow_libraries(&self) -> Result<()> {
        if self.target().exists() {
            return Ok(());
        }
        fs::create_dir_all(self.target())?;
        let copied = Command::new("cp")
            .arg("-a")
            .arg(target().join(PROFILE))
            .arg(self.target())
            .status()
            .context("cp")?;
        ensure!(copied.success(), "the built libraries cannot be copied");
        Ok(())
    }

    /// Makes the copy what the sources are.
    pub(super) fn restore(&self) -> Result<()> {
        let listed = Command::new("git")
            .current_dir(root())
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .output()
            .context("git ls-files")?;
        let listed = String::from_utf8(listed.stdout)?;
        let listed: BTreeSet<&Path> = listed.split_terminator('\0').map(Path::new).collect();
        self.remove_all_but(&listed, Path::new(""))?;
        listed.iter().try_for_each(|path| self.copy(path))
    }

    /// Removes files that the sources do not have any more: a module may have moved.
    fn remove_all_but(&self, listed: &BTreeSet<&Path>, within: &Path) -> Result<()> {
        let Ok(entries) = fs::read_dir(self.root.join(within)) else {
            return Ok(());
        };
        for entry in entries {
            let entry = entry?;
            let path = within.join(entry.file_name());
            if entry.path() == self.target() || listed.contains(&*path) {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => self.remove_all_but(listed, &path)?,
                false => fs::remove_file(entry.path())?,
            }
        }
        Ok(())
    }

    fn copy(&self, path: &Path) -> Result<()> {
        // A file that was removed and not committed yet is still listed.
        let Ok(bytes) = fs::read(root().join(path)) else {
            return Ok(());
        };
        let to = self.root.join(path);
        if fs::read(&to).is_ok_and(|known| known == bytes) {
            return Ok(());
        }
        fs::create_dir_all(to.parent().unwrap_or(&self.root))?;
        fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))
    }

    /// Applies a patch.
    pub(super) fn apply(&self, patch: &Path) -> Result<()> {
        let patch =
            fs::canonicalize(patch).with_context(|| format!("no patch {}", patch.display()))?;
        let applied = Command::new("git")
            .current_dir(&self.root)
            // Else git takes the copy for a part of the repository, and leaves it alone.
            .env("GIT_CEILING_DIRECTORIES", target())
            .args(["apply", "--recount", "-C1"])
            .arg(&patch)
            .output()
            .context("git apply")?;
        let said = String::from_utf8_lossy(&applied.stderr);
        ensure!(
            applied.status.success(),
            "{} does not apply any more: {said}",
            patch.display()
        );
        Ok(())
    }

    /// Builds the simulation; the path of its binary.
    pub(super) fn build(&self) -> Result<PathBuf> {
        let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", self.target())
            .args([
                "build",
                "--quiet",
                "--profile",
                PROFILE,
                "--package",
                "slugline-sim",
            ])
            .output()
            .context("cargo build")?;
        let said = String::from_utf8_lossy(&built.stderr);
        ensure!(
            built.status.success(),
            "the product does not build with it: {said}"
        );
        Ok(self.target().join(PROFILE).join("slugline-sim"))
    }
}
