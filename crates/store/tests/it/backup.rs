//! Copies of a data directory.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_executor::block_on;
use slugline_engine::store::{DecidedKind, NewMedia};
use slugline_store::sqlite::{OpenError, SqliteStore, backup, restore};
use tempfile::TempDir;

use crate::bench::{Bench, TestClock, post};

fn open(directory: &Path) -> Bench {
    let clock = Arc::new(TestClock::default());
    let store = SqliteStore::open(directory, Arc::<TestClock>::clone(&clock), [7; 16]).unwrap();
    Bench {
        store: Arc::new(store),
        clock,
        _keeps: Box::new(()),
    }
}

/// A store at work, with publishes and a medium.
fn at_work() -> (Bench, TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let bench = open(directory.path());
    let sha256 = slugline_core::media::sha256(b"picture");
    let medium = NewMedia {
        sha256: sha256.clone(),
        content_type: "image/png".into(),
        bytes: Bytes::from_static(b"picture"),
    };
    block_on(async {
        bench.register().await;
        bench.store.put_media(medium).await.unwrap();
        for n in 0..20 {
            bench.accept(&post(&format!("post-{n}"), 1)).await;
        }
    });
    (bench, directory, sha256)
}

#[test]
fn a_backup_beside_a_server_is_whole_and_comes_back() {
    let (bench, directory, sha256) = at_work();
    let kept = tempfile::tempdir().unwrap();
    let (copy, back) = (kept.path().join("copy"), kept.path().join("back"));
    let copied = backup(directory.path(), &copy).unwrap();
    assert_eq!(
        (copied.media, copied.log.entries, copied.log.faults.len()),
        (1, 40, 0)
    );
    block_on(bench.accept(&post("later", 1)));
    let restored = restore(&copy, &back).unwrap();
    assert_eq!((restored.media, restored.log.entries), (1, 40));
    let again = open(&back);
    block_on(async {
        assert_eq!(again.store.installation(), bench.store.installation());
        assert_eq!(
            again.accept(&post("post-7", 1)).await.kind,
            DecidedKind::Replayed
        );
        assert_eq!(
            again.accept(&post("later", 1)).await.kind,
            DecidedKind::Accepted
        );
        assert_eq!(
            again.store.media(&sha256).await.unwrap(),
            Some(Bytes::from_static(b"picture"))
        );
        assert_eq!(again.claim("blog").await.len(), 21);
    });
}

#[test]
fn nothing_is_written_over() {
    let (_bench, directory, _) = at_work();
    let kept = tempfile::tempdir().unwrap();
    let copy = kept.path().join("copy");
    backup(directory.path(), &copy).unwrap();
    for refused in [
        backup(directory.path(), &copy),
        restore(&copy, directory.path()),
    ] {
        assert!(matches!(refused, Err(OpenError::Disk(why)) if why.contains("is there already")));
    }
    let nothing = backup(Path::new("/nonexistent"), &kept.path().join("other"));
    assert!(nothing.is_err());
    assert!(!kept.path().join("other.part").exists());
}

#[test]
fn a_medium_without_its_file_is_no_backup() {
    let (_bench, directory, sha256) = at_work();
    let file = directory
        .path()
        .join("media")
        .join(&sha256[..2])
        .join(&sha256);
    std::fs::remove_file(file).unwrap();
    let kept = tempfile::tempdir().unwrap();
    let refused = backup(directory.path(), &kept.path().join("copy")).unwrap_err();
    assert!(refused.to_string().contains(&sha256), "{refused}");
    assert!(!kept.path().join("copy").exists());
}
