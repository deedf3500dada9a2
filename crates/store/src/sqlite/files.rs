//! The bytes of media, as files named by their content.
//!
//! Ensures that a file under its final name is whole and on disk: written elsewhere, synced, renamed,
//! its directory synced. Keeps megabytes out of the database and off its writer.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use slugline_core::payload::is_sha256;

use super::fault::{Done, Fault};

/// Where a medium's bytes lie: `media/ab/<sha256>`.
fn path(root: &Path, sha256: &str) -> Done<PathBuf> {
    if !is_sha256(sha256) {
        return Err(Fault::Ours(format!("{sha256:?} is not a SHA-256 in hex")));
    }
    Ok(root.join("media").join(&sha256[..2]).join(sha256))
}

/// Writes the bytes; durable when it returns.
pub(crate) fn write(root: &Path, sha256: &str, bytes: &[u8]) -> Done<()> {
    let path = path(root, sha256)?;
    let directory = path.parent().unwrap_or(root);
    std::fs::create_dir_all(directory).map_err(Fault::file(directory))?;
    let temporary = path.with_extension("part");
    let written = write_synced(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, &path));
    if let Err(error) = written {
        // What a full disk left behind would only take more room.
        let _ = std::fs::remove_file(&temporary);
        return Err(Fault::File(temporary, error));
    }
    sync_directory(directory)?;
    sync_directory(directory.parent().unwrap_or(root))
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_directory(directory: &Path) -> Done<()> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(Fault::file(directory))
}

/// Whether the bytes are there.
pub(crate) fn is_there(root: &Path, sha256: &str) -> Done<bool> {
    Ok(path(root, sha256)?.exists())
}

/// Reads the bytes; the row that names them promises that they are there.
pub(crate) fn read(root: &Path, sha256: &str) -> Done<Bytes> {
    let path = path(root, sha256)?;
    match std::fs::read(&path) {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Fault::Unreadable(format!("{} is missing", path.display())))
        }
        Err(error) => Err(Fault::File(path, error)),
    }
}

/// Removes the bytes; absent is fine.
pub(crate) fn remove(root: &Path, sha256: &str) -> Done<()> {
    let path = path(root, sha256)?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Fault::File(path, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_back_and_go() {
        let directory = tempfile::tempdir().unwrap();
        let sha256 = "ab".repeat(32);
        write(directory.path(), &sha256, b"picture").unwrap();
        write(directory.path(), &sha256, b"picture").unwrap();
        assert_eq!(
            read(directory.path(), &sha256).unwrap(),
            Bytes::from_static(b"picture")
        );
        remove(directory.path(), &sha256).unwrap();
        remove(directory.path(), &sha256).unwrap();
        assert!(matches!(
            read(directory.path(), &sha256),
            Err(Fault::Unreadable(_))
        ));
    }

    #[test]
    fn a_name_that_is_no_digest_reaches_no_file() {
        let directory = tempfile::tempdir().unwrap();
        assert!(write(directory.path(), "../../etc/passwd", b"x").is_err());
    }
}
