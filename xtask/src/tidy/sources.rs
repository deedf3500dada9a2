//! What every Rust file keeps to: it begins by saying what it ensures, it stays short, and its tests wait for signals
//! rather than for time.

use super::Finding;
use super::files::File;

/// Lines; a longer file has become two files that share a name. Most are under 190.
const LONGEST_FILE: usize = 500;

/// What a test must not do, written in two halves so that this line is not found.
const CALL: &str = concat!("sleep", "(");
/// The words in the line above a sleep that has its reason: a peer that is slow on purpose, a clock that is paused.
const EXCUSE: &str = "sleeps because";

/// Checks every `.rs` file.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| file.is("rs"))
        .flat_map(rust_file)
        .collect()
}

fn rust_file(file: &File) -> Vec<Finding> {
    [headless(file), too_long(file), sleeping_test(file)]
        .into_iter()
        .flatten()
        .collect()
}

fn headless(file: &File) -> Option<Finding> {
    let begins_well = file.text.starts_with("//!");
    (!begins_well).then(|| {
        format!(
            "{}: begin with `//!`: what the file ensures and what it does not",
            file.path
        )
    })
}

fn too_long(file: &File) -> Option<Finding> {
    let lines = file.text.lines().count();
    (lines > LONGEST_FILE).then(|| {
        format!(
            "{}: {lines} lines; {LONGEST_FILE} are the limit, split it",
            file.path
        )
    })
}

fn sleeping_test(file: &File) -> Option<Finding> {
    let only_tests = file.path.contains("/tests/") || file.path.ends_with("/tests.rs");
    let tests_begin = match only_tests {
        true => Some(0),
        false => file
            .text
            .lines()
            .position(|line| line.trim() == "#[cfg(test)]"),
    }?;
    let lines: Vec<&str> = file.text.lines().collect();
    let number = (tests_begin..lines.len()).find(|number| sleeps(&lines, *number))? + 1;
    Some(format!(
        "{}:{number}: a test sleeps; wait for a signal, or say in the line above why it `{EXCUSE}`",
        file.path
    ))
}

/// Whether a line waits for real time without an excuse. The Clock port may stand still or run ahead, so its sleep costs
/// no time.
fn sleeps(lines: &[&str], number: usize) -> bool {
    let line = lines[number];
    let excused = number > 0 && lines[number - 1].contains(EXCUSE);
    let port = ["clock.", "fn "]
        .iter()
        .any(|before| line.contains(&format!("{before}{CALL}")));
    line.contains(CALL) && !port && !excused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.into(),
            text: text.into(),
        }
    }

    #[test]
    fn a_sleep_is_found_in_tests_only() {
        let text = format!(
            "//! x\nfn f() {{ {0}(1) }}\n#[cfg(test)]\nmod tests {{ fn g() {{ {0}(1) }} }}",
            "sleep"
        );
        assert!(
            rust_file(&file("crates/a/src/lib.rs", &text))[0].starts_with("crates/a/src/lib.rs:4:")
        );
        assert_eq!(rust_file(&file("crates/a/src/b/tests.rs", &text)).len(), 1);
        let excused = format!("//! x\n// It {EXCUSE} the peer is slow.\n{CALL}1)\nclock.{CALL}1)");
        assert!(rust_file(&file("crates/a/tests/it/slow.rs", &excused)).is_empty());
        assert!(rust_file(&file("crates/a/src/lib.rs", "//! x\nfn f() {}")).is_empty());
    }

    #[test]
    fn a_file_without_a_head_or_without_an_end_is_found() {
        assert_eq!(
            rust_file(&file(
                "crates/a/src/lib.rs",
                &"x\n".repeat(LONGEST_FILE + 1)
            ))
            .len(),
            2
        );
    }
}
