//! Finding the directory that a path below a root names.
//!
//! Ensures that each step goes down one real directory: the steps are taken one by one on open
//! directories, so that nobody can swap one for a link in between.

use std::fmt::Display;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fsync, mkdirat, openat, unlinkat};
use rustix::io::Errno;
use slugline_core::http::SendError;

/// Characters of one name: what Linux file systems take (`NAME_MAX`).
const MAX_NAME: usize = 255;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// A destination's directory.
pub(super) struct Root {
    path: PathBuf,
}

/// A name within an open directory below the root.
pub(super) struct Beneath<'p> {
    pub(super) directory: OwnedFd,
    pub(super) name: &'p str,
}

impl Root {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The path as people see it.
    pub(super) fn shown(&self, path: &str) -> String {
        self.path.join(path).display().to_string()
    }

    /// A failure before anything was changed.
    pub(super) fn failed(&self, path: &str, why: impl Display) -> SendError {
        SendError::NotSent(format!("{}: {why}", self.shown(path)))
    }

    /// The place of a file; `None` when a directory on the way does not exist.
    pub(super) fn find<'p>(&self, path: &'p str) -> Result<Option<Beneath<'p>>, SendError> {
        let (directories, name) = self.split(path)?;
        let directory = self.descend(path, &directories, false)?;
        Ok(directory.map(|directory| Beneath { directory, name }))
    }

    /// The place of a file, with the directories on the way made.
    pub(super) fn make<'p>(&self, path: &'p str) -> Result<Beneath<'p>, SendError> {
        let (directories, name) = self.split(path)?;
        std::fs::create_dir_all(&self.path).map_err(|why| self.failed("", why))?;
        let directory = self.descend(path, &directories, true)?;
        let directory = directory.ok_or_else(|| self.failed(path, Errno::NOENT))?;
        Ok(Beneath { directory, name })
    }

    /// An open directory; `None` when it does not exist. An empty path is the root itself.
    pub(super) fn directory(&self, path: &str) -> Result<Option<OwnedFd>, SendError> {
        let steps = if path.is_empty() {
            Vec::new()
        } else {
            self.steps(path)?
        };
        self.descend(path, &steps, false)
    }

    /// Removes the directory of a file when nothing is left in it; the root stays.
    pub(super) fn remove_empty_parent(&self, path: &str) -> Result<(), SendError> {
        let Some((parent, _)) = path.rsplit_once('/') else {
            return Ok(());
        };
        let Some(place) = self.find(parent)? else {
            return Ok(());
        };
        match unlinkat(&place.directory, place.name, AtFlags::REMOVEDIR) {
            Ok(()) => fsync(&place.directory).map_err(|why| self.failed(parent, why)),
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOENT) => Ok(()),
            Err(why) => Err(self.failed(parent, why)),
        }
    }

    fn split<'p>(&self, path: &'p str) -> Result<(Vec<&'p str>, &'p str), SendError> {
        let mut steps = self.steps(path)?;
        let name = steps.pop().ok_or_else(|| self.leaves(path))?;
        Ok((steps, name))
    }

    fn steps<'p>(&self, path: &'p str) -> Result<Vec<&'p str>, SendError> {
        let plain = |step: &&str| {
            !matches!(*step, "" | "." | "..")
                && step.len() <= MAX_NAME
                && !step.contains(['\0', '\\'])
        };
        let steps: Vec<&str> = path.split('/').collect();
        if steps.iter().all(plain) {
            Ok(steps)
        } else {
            Err(self.leaves(path))
        }
    }

    fn leaves(&self, path: &str) -> SendError {
        SendError::Refused(format!(
            "{path:?} is not a path below {}",
            self.path.display()
        ))
    }

    fn descend(
        &self,
        path: &str,
        steps: &[&str],
        make: bool,
    ) -> Result<Option<OwnedFd>, SendError> {
        let mut directory = match openat(CWD, &self.path, DIRECTORY, Mode::empty()) {
            Ok(directory) => directory,
            Err(Errno::NOENT) => return Ok(None),
            Err(why) => return Err(self.failed("", why)),
        };
        for step in steps {
            directory = match self.enter(&directory, step, make) {
                Ok(next) => next,
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::NOTDIR | Errno::LOOP) => return Err(self.no_directory(path, step)),
                Err(why) => return Err(self.failed(path, why)),
            };
        }
        Ok(Some(directory))
    }

    fn enter(&self, within: &OwnedFd, step: &str, make: bool) -> Result<OwnedFd, Errno> {
        let flags = DIRECTORY | OFlags::NOFOLLOW;
        match openat(within, step, flags, Mode::empty()) {
            Err(Errno::NOENT) if make => {
                match mkdirat(within, step, Mode::from_raw_mode(0o755)) {
                    Ok(()) => fsync(within)?,
                    Err(Errno::EXIST) => {}
                    Err(why) => return Err(why),
                }
                openat(within, step, flags, Mode::empty())
            }
            other => other,
        }
    }

    fn no_directory(&self, path: &str, step: &str) -> SendError {
        SendError::Refused(format!(
            "{}: {step:?} is a symbolic link or a file; below a destination's path there must be real directories",
            self.shown(path)
        ))
    }
}
