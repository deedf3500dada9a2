//! Files below a destination's directory.
//!
//! Ensures that nothing outside the directory is read or written (no `..`, no absolute path, no
//! symbolic link is followed below it), and that a file is either its old or its new contents,
//! also after a crash. Runs on threads that may block.

mod beneath;
mod list;
#[cfg(test)]
mod tests;

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use bytes::Bytes;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, fsync, openat, renameat, unlinkat};
use rustix::io::Errno;
use slugline_core::http::SendError;
use slugline_core::port::{FileOp, FileReply};

use self::beneath::{Beneath, Root};

/// Bytes of a file that is read: media are the largest, at 32 MiB.
const MAX_FILE: usize = 64 * 1024 * 1024;
/// What a file's name begins with until it is complete.
const UNFINISHED: &str = ".slugline-unfinished-";

/// Runs an operation below `root` on a thread that may block.
pub(super) async fn run(root: &str, operation: FileOp) -> Result<FileReply, SendError> {
    let root = root.to_owned();
    let done = tokio::task::spawn_blocking(move || carry_out(Path::new(&root), operation));
    done.await.unwrap_or_else(|why| {
        Err(SendError::NoAnswer(format!(
            "the file operation broke off: {why}"
        )))
    })
}

fn carry_out(root: &Path, operation: FileOp) -> Result<FileReply, SendError> {
    let root = Root::new(root);
    match operation {
        FileOp::Read { path } => read(&root, &path).map(FileReply::Contents),
        FileOp::Write { path, bytes } => write(&root, &path, &bytes).map(|()| FileReply::Done),
        FileOp::Remove { path } => remove(&root, &path).map(|()| FileReply::Done),
        FileOp::List { path } => list::below(&root, &path).map(FileReply::Paths),
    }
}

fn read(root: &Root, path: &str) -> Result<Option<Bytes>, SendError> {
    let Some(place) = root.find(path)? else {
        return Ok(None);
    };
    // Not blocking, so that a pipe in place of a file does not hold the thread.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(&place.directory, place.name, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(why) => return Err(root.failed(path, why)),
    };
    let kind = fstat(&file).map_err(|why| root.failed(path, why))?.st_mode;
    if FileType::from_raw_mode(kind) != FileType::RegularFile {
        return Err(SendError::Refused(format!(
            "{} is not a file",
            root.shown(path)
        )));
    }
    contents(file)
        .map_err(|why| root.failed(path, why))?
        .map(Some)
        .ok_or(SendError::TooLarge(MAX_FILE))
}

/// The whole file, or `None` when it is too long.
fn contents(file: OwnedFd) -> std::io::Result<Option<Bytes>> {
    let mut bytes = Vec::new();
    std::fs::File::from(file)
        .take(MAX_FILE as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() <= MAX_FILE).then(|| Bytes::from(bytes)))
}

fn write(root: &Root, path: &str, bytes: &[u8]) -> Result<(), SendError> {
    let place = root.make(path)?;
    let suffix = getrandom::u64().map_err(|why| root.failed(path, why))?;
    let unfinished = format!("{UNFINISHED}{suffix:016x}");
    if let Err(why) = write_new(&place, &unfinished, bytes) {
        discard(&place, &unfinished);
        return Err(root.failed(path, why));
    }
    if let Err(why) = renameat(&place.directory, &unfinished, &place.directory, place.name) {
        discard(&place, &unfinished);
        return Err(root.failed(path, why));
    }
    // From here on the new contents may be seen.
    fsync(&place.directory)
        .map_err(|why| SendError::NoAnswer(format!("{}: {why}", root.shown(path))))
}

fn write_new(place: &Beneath<'_>, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    // As a web server and a site generator must be able to read it.
    let mode = Mode::from_raw_mode(0o644);
    let mut file = std::fs::File::from(openat(&place.directory, name, flags, mode)?);
    file.write_all(bytes)?;
    file.sync_all()
}

/// Takes back an unfinished file; if even that fails, its name says what it is.
fn discard(place: &Beneath<'_>, name: &str) {
    if let Err(error) = unlinkat(&place.directory, name, AtFlags::empty()) {
        tracing::debug!(%error, name, "an unfinished file stays behind");
    }
}

fn remove(root: &Root, path: &str) -> Result<(), SendError> {
    let Some(place) = root.find(path)? else {
        return Ok(());
    };
    match unlinkat(&place.directory, place.name, AtFlags::empty()) {
        Ok(()) => sync(root, path, place.directory.as_fd())?,
        Err(Errno::NOENT) => {}
        Err(why) => return Err(root.failed(path, why)),
    }
    root.remove_empty_parent(path)
}

fn sync(root: &Root, path: &str, directory: impl AsFd) -> Result<(), SendError> {
    fsync(directory).map_err(|why| root.failed(path, why))
}
