//! Names: no file or folder called after nothing in particular, the same faces in every connector folder, and no word
//! about places outside this repository.

use std::collections::BTreeSet;

use super::Finding;
use super::files::File;

/// Names that collect whatever nobody has thought about.
const EMPTY_NAMES: [&str; 8] = [
    "util", "utils", "helper", "helpers", "common", "manager", "managers", "misc",
];

/// Files that the folder of every vendor has that content goes to, so that the second connector is obvious
/// after the first. A fake comes besides where the destination is a vendor's service with quirks of its own.
const CONNECTOR_FACES: [&str; 4] = ["mod.rs", "config.rs", "deliver.rs", "errors.rs"];
/// Those of a vendor that only webhooks come from. A `webhook.rs` comes besides where it has a signature of its own.
const SOURCE_FACES: [&str; 2] = ["mod.rs", "changes.rs"];

/// Where the vendors' folders are.
const CONNECTORS: &str = "crates/connectors/src/";

/// Places on somebody's own machine; written in two halves so that this list does not find itself.
const OUTSIDE: [&str; 4] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

/// Checks every file's path and text.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut found: Vec<Finding> = files.iter().filter_map(empty_name).collect();
    found.extend(files.iter().filter_map(outside));
    found.extend(connector_faces(files));
    found
}

fn empty_name(file: &File) -> Option<Finding> {
    let empty = |part: &&str| EMPTY_NAMES.contains(&part.trim_end_matches(".rs"));
    let part = file.path.split('/').find(empty).filter(|_| file.is("rs"))?;
    Some(format!(
        "{}: `{part}` names nothing; call it after what it does",
        file.path
    ))
}

fn outside(file: &File) -> Option<Finding> {
    let (number, line) = file
        .text
        .lines()
        .enumerate()
        .find(|(_, line)| OUTSIDE.iter().any(|place| line.contains(place)))?;
    Some(format!(
        "{}:{}: names a place outside the repository: {}",
        file.path,
        number + 1,
        line.trim()
    ))
}

fn connector_faces(files: &[File]) -> Vec<Finding> {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let inside = paths
        .iter()
        .filter_map(|path| path.strip_prefix(CONNECTORS));
    let folders: BTreeSet<&str> = inside
        .filter_map(|path| Some(path.split_once('/')?.0))
        .collect();
    let missing = |folder: &&str| {
        let has = |face: &str| paths.contains(format!("{CONNECTORS}{folder}/{face}").as_str());
        let delivers = CONNECTOR_FACES
            .iter()
            .any(|face| *face != "mod.rs" && has(face));
        let wanted: &[&str] = if delivers {
            &CONNECTOR_FACES
        } else {
            &SOURCE_FACES
        };
        let missing = wanted.iter().filter(|face| !has(face));
        missing
            .map(|face| format!("{CONNECTORS}{folder}/{face} is missing: every connector has it"))
            .collect::<Vec<_>>()
    };
    folders.iter().flat_map(missing).collect()
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
    fn a_connector_that_only_listens_needs_no_more_than_that() {
        let of = |faces: &[&str]| {
            let file = |face: &&str| file(&format!("{CONNECTORS}ghost/{face}"), "");
            connector_faces(&faces.iter().map(file).collect::<Vec<_>>())
        };
        assert!(of(&["mod.rs", "changes.rs"]).is_empty());
        assert!(of(&["mod.rs", "changes.rs", "webhook.rs"]).is_empty());
        assert_eq!(
            of(&["mod.rs", "webhook.rs"]),
            ["crates/connectors/src/ghost/changes.rs is missing: every connector has it"]
        );
    }

    #[test]
    fn a_connector_that_lacks_a_face_is_found() {
        let paths = ["mod.rs", "config.rs", "deliver.rs"];
        let files: Vec<File> = paths
            .iter()
            .map(|face| file(&format!("{CONNECTORS}ghost/{face}"), ""))
            .collect();
        assert_eq!(
            connector_faces(&files),
            ["crates/connectors/src/ghost/errors.rs is missing: every connector has it"]
        );
    }

    #[test]
    fn empty_names_and_places_outside_are_found() {
        let text = format!("see {}notes.md", OUTSIDE[0]);
        assert_eq!(
            check(&[
                file("crates/core/src/utils.rs", "//! x"),
                file("README.md", &text)
            ])
            .len(),
            2
        );
        assert_eq!(check(&[file("crates/core/src/retry.rs", "//! x")]).len(), 0);
    }
}
