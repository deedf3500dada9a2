//! What every Rust file keeps to: it begins by saying what it ensures, it stays short, and its tests wait for signals
//! rather than for time.

use super::Finding;
use super::files::File;

/// Lines; a longer file has become two files that share a name. Most are under 190.
const LONGEST_FILE: usize = 500;

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
    let call = concat!("sleep", "(");
    // A clock that a test moves by hand has to implement it.
    let declaration = concat!("fn sle", "ep(");
    let line = file
        .text
        .lines()
        .enumerate()
        .skip(tests_begin)
        .find(|(_, line)| line.contains(call) && !line.contains(declaration))?
        .0
        + 1;
    Some(format!(
        "{}:{line}: a test sleeps; wait for a signal instead",
        file.path
    ))
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
