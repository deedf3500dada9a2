//! The files below a directory.
//!
//! Ensures that links are not followed and that unfinished files are not shown.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::Errno;
use slugline_core::http::SendError;

use super::UNFINISHED;
use super::beneath::Root;

/// Files in one list: more is not a site's content but a mistaken path.
const MAX_FILES: usize = 1_000_000;

/// Paths below the root, sorted. What is absent is empty.
pub(super) fn below(root: &Root, path: &str) -> Result<Vec<String>, SendError> {
    let mut found = Vec::new();
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        let Some(directory) = root.directory(&path)? else {
            continue;
        };
        let entries = entries(&directory).map_err(|why| root.failed(&path, why))?;
        for (name, kind) in entries {
            let below = if path.is_empty() {
                name
            } else {
                format!("{path}/{name}")
            };
            match kind {
                FileType::Directory => waiting.push(below),
                FileType::RegularFile => found.push(below),
                _ => {}
            }
        }
        if found.len() > MAX_FILES {
            return Err(SendError::Refused(format!(
                "{} holds more than {MAX_FILES} files",
                root.shown(&path)
            )));
        }
    }
    found.sort();
    Ok(found)
}

/// The names in a directory with what they are. Names that are not UTF-8 are not ours.
fn entries(directory: &OwnedFd) -> Result<Vec<(String, FileType)>, Errno> {
    let mut found = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else {
            continue;
        };
        if matches!(name, "." | "..") || name.starts_with(UNFINISHED) {
            continue;
        }
        found.push((name.to_owned(), kind(directory, name, entry.file_type())?));
    }
    Ok(found)
}

/// Some file systems do not say in the directory what an entry is.
fn kind(directory: &OwnedFd, name: &str, said: FileType) -> Result<FileType, Errno> {
    if said != FileType::Unknown {
        return Ok(said);
    }
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(FileType::from_raw_mode(found.st_mode)),
        Err(Errno::NOENT) => Ok(FileType::Unknown),
        Err(why) => Err(why),
    }
}
