//! docs/events.md against the code: its table of types, and its examples.

use serde_json::Value;

use crate::contract::{Kind, read};
use crate::event::EventType;

const PAGE: &str = include_str!("../../../../../docs/events.md");

/// The rows of the table of types: type, replay, how duplicates are recognised, what it means, in the log.
fn rows() -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| -> Vec<&'static str> {
        let inner = line.trim().trim_matches('|');
        inner.split('|').map(str::trim).collect()
    };
    let table = PAGE
        .lines()
        .skip_while(|line| !line.starts_with("| type | replay |"));
    let body = table.skip(2).take_while(|line| line.starts_with('|'));
    body.map(cells).collect()
}

#[test]
fn the_table_of_types_is_the_codes() {
    let expected: Vec<Vec<String>> = Kind::ALL.iter().map(row).collect();
    let found = rows();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(
            found,
            expected,
            "docs/events.md; the row should be\n| {} |",
            expected.join(" | ")
        );
    }
    assert_eq!(
        found.len(),
        expected.len(),
        "docs/events.md has a row too many or too few"
    );
}

fn row(kind: &Kind) -> Vec<String> {
    let word = kind.as_str();
    let is_written = serde_json::from_value::<EventType>(word.into()).is_ok();
    vec![
        format!("`{word}`"),
        format!("`{}`", kind.replay().as_str()),
        kind.duplicates().to_owned(),
        kind.meaning().to_owned(),
        if is_written { "yes" } else { "not yet" }.to_owned(),
    ]
}

#[test]
fn a_type_reads_back_and_the_logs_types_keep_their_words() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()).as_ref(), Ok(kind));
        if let Ok(logged) = serde_json::from_value::<EventType>(kind.as_str().into()) {
            assert_eq!(&Kind::from(logged), kind);
        }
    }
    for word in ["", "Released", "1st", "a-b", &"x".repeat(65)] {
        assert!(Kind::parse(word).is_err(), "{word:?}");
    }
}

#[test]
fn the_examples_are_read() {
    let blocks = PAGE.split("```json\n").skip(1);
    let mut versions = Vec::new();
    for block in blocks {
        let text = block.split("```").next().unwrap();
        serde_json::from_str::<Value>(text).unwrap();
        versions.push(read(text.as_bytes()).unwrap().schema_version);
    }
    assert_eq!(
        versions,
        [3, 3, 1],
        "one of the log, one that was sent, and one of version 1"
    );
}
