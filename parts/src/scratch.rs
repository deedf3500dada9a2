//! A folder in memory for tests that open and cut thousands of stores.
//!
//! Ensures that it goes when the value is dropped, that what a killed process left is taken away by the next one, and
//! that memory is used only while there is plenty: otherwise the folder is on disk, where the same test takes longer.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Once;

use tempfile::{Builder, TempDir};

/// Where Linux keeps files in memory; other systems have no such place.
const IN_MEMORY: &str = "/dev/shm";
/// Bytes that must be free there. A test needs some tens of MiB; the rest is for the compiler beside it.
const PLENTY: u64 = 2 << 30;
/// Before the number of the process to which a folder belongs.
const PREFIX: &str = "slugline-scratch-";

static SWEPT: Once = Once::new();

/// A new, empty folder.
///
/// # Errors
/// When none can be made.
pub fn folder() -> io::Result<TempDir> {
    let memory = Path::new(IN_MEMORY);
    let disk = std::env::temp_dir();
    SWEPT.call_once(|| [memory, &disk].iter().for_each(|root| sweep(root, &lives)));
    let root = match has_plenty(memory) {
        true => memory,
        false => &disk,
    };
    Builder::new()
        .prefix(&format!("{PREFIX}{}-", std::process::id()))
        .tempdir_in(root)
}

fn has_plenty(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|of| of.f_bavail.saturating_mul(of.f_frsize) >= PLENTY)
}

/// Takes away the folders whose process has ended. One that cannot be taken away is left for the next sweep.
fn sweep(root: &Path, lives: &dyn Fn(u32) -> bool) {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let orphaned = |path: &PathBuf| owner(path).is_some_and(|process| !lives(process));
    for path in entries.map(|entry| entry.path()).filter(orphaned) {
        let _ = std::fs::remove_dir_all(path);
    }
}

/// The process that made a folder, where its name says so.
fn owner(path: &Path) -> Option<u32> {
    let rest = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
    rest.split_once('-')?.0.parse().ok()
}

fn lives(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_goes_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = root.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("file"), "x").unwrap();
            path
        };
        let dead = make("slugline-scratch-17-a1b2");
        let living = make("slugline-scratch-18-a1b2");
        let others = [make("17-a1b2"), make("slugline-scratch-x-a1b2")];
        sweep(root.path(), &|process| process == 18);
        assert!(!dead.exists());
        assert!(living.exists() && others.iter().all(|path| path.exists()));
    }

    #[test]
    fn a_folder_bears_its_process_and_goes_with_the_value() {
        let folder = folder().unwrap();
        let path = folder.path().to_path_buf();
        assert_eq!(owner(&path), Some(std::process::id()));
        drop(folder);
        assert!(!path.exists());
    }
}
