//! Against real directories, with links and hostile paths.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

fn write(root: &Path, path: &str, text: &str) -> Result<FileReply, SendError> {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    carry_out(
        root,
        FileOp::Write {
            path: path.into(),
            bytes,
        },
    )
}

fn read(root: &Path, path: &str) -> Result<FileReply, SendError> {
    carry_out(root, FileOp::Read { path: path.into() })
}

fn list(root: &Path) -> Vec<String> {
    match carry_out(
        root,
        FileOp::List {
            path: String::new(),
        },
    )
    .unwrap()
    {
        FileReply::Paths(paths) => paths,
        other => panic!("{other:?}"),
    }
}

fn contents(text: &str) -> Result<FileReply, SendError> {
    Ok(FileReply::Contents(Some(Bytes::copy_from_slice(
        text.as_bytes(),
    ))))
}

#[test]
fn what_is_written_is_read_listed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("site");
    assert_eq!(read(&root, "a/b.md"), Ok(FileReply::Contents(None)));
    write(&root, "a/b.md", "one").unwrap();
    write(&root, "a/b.md", "two").unwrap();
    write(&root, "c.md", "three").unwrap();
    assert_eq!(read(&root, "a/b.md"), contents("two"));
    assert_eq!(list(&root), ["a/b.md", "c.md"]);
    for _ in 0..2 {
        carry_out(
            &root,
            FileOp::Remove {
                path: "a/b.md".into(),
            },
        )
        .unwrap();
    }
    assert_eq!(list(&root), ["c.md"]);
    assert!(!root.join("a").exists());
}

#[test]
fn a_directory_with_other_files_stays() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    std::fs::write(folder.path().join("a/theirs.md"), "x").unwrap();
    write(folder.path(), "a/ours.md", "y").unwrap();
    carry_out(
        folder.path(),
        FileOp::Remove {
            path: "a/ours.md".into(),
        },
    )
    .unwrap();
    assert_eq!(list(folder.path()), ["a/theirs.md"]);
}

#[test]
fn no_path_leaves_the_root() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("site");
    std::fs::create_dir(&root).unwrap();
    for path in [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a//b",
        "",
        ".",
        "a/./b",
        "a\\..\\b",
        "a\0b",
    ] {
        assert!(
            matches!(write(&root, path, "x"), Err(SendError::Refused(_))),
            "{path:?}"
        );
        assert!(
            matches!(read(&root, path), Err(SendError::Refused(_))),
            "{path:?}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn no_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (root, outside) = (folder.path().join("site"), folder.path().join("outside"));
    std::fs::create_dir(&root).unwrap();
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("theirs.md"), "theirs").unwrap();
    symlink(&outside, root.join("linked")).unwrap();
    symlink(outside.join("theirs.md"), root.join("file.md")).unwrap();
    assert!(matches!(
        write(&root, "linked/x.md", "x"),
        Err(SendError::Refused(_))
    ));
    assert!(matches!(
        read(&root, "linked/theirs.md"),
        Err(SendError::Refused(_))
    ));
    assert!(read(&root, "file.md").is_err());
    write(&root, "file.md", "ours").unwrap();
    assert_eq!(
        std::fs::read_to_string(outside.join("theirs.md")).unwrap(),
        "theirs"
    );
    assert_eq!(list(&root), ["file.md"]);
}

#[test]
fn what_a_crash_left_unfinished_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(format!("{UNFINISHED}0011")), "half").unwrap();
    write(folder.path(), "a.md", "whole").unwrap();
    assert_eq!(list(folder.path()), ["a.md"]);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("taken")).unwrap();
    std::fs::write(folder.path().join("taken/x"), "x").unwrap();
    assert!(matches!(
        write(folder.path(), "taken", "x"),
        Err(SendError::NotSent(_))
    ));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
