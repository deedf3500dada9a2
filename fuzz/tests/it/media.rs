//! The bytes of media and what servers say of them.

use slugline_core::media::{content_type, describe, sha256};
use slugline_core::payload::Media;

use crate::damage::{cook, corpus, recipes};

/// What a server may claim; the last byte of a medium chooses.
const CLAIMS: [Option<&str>; 6] = [
    None,
    Some("image/png"),
    Some("IMAGE/JPEG; charset=x"),
    Some("text/html"),
    Some("application/octet-stream"),
    Some(";"),
];

#[test]
fn every_medium_has_a_type_or_a_complaint() {
    let corpus = corpus("media");
    corpus.iter().for_each(|bytes| judge(bytes));
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| judge(&cook(&corpus, recipe)));
}

#[test]
fn the_corpus_holds_pictures_that_are_known() {
    let is_picture =
        |bytes: &Vec<u8>| content_type(bytes, None).is_ok_and(|kind| kind.starts_with("image/"));
    assert!(
        corpus("media")
            .iter()
            .filter(|bytes| is_picture(bytes))
            .count()
            >= 5
    );
}

fn judge(bytes: &[u8]) {
    let claim = CLAIMS[usize::from(bytes.last().copied().unwrap_or(0)) % CLAIMS.len()];
    let kind = match content_type(bytes, claim) {
        Ok(kind) => kind,
        Err(complaint) => return assert!(!complaint.is_empty()),
    };
    let named = Media {
        role: "inline".into(),
        url: Some(format!(
            "https://x.example/{}",
            String::from_utf8_lossy(bytes)
        )),
        sha256: None,
        filename: None,
        alt: None,
    };
    let stored = describe(&named, &sha256(bytes), &kind, bytes.len() as u64).unwrap();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    assert!(
        stored.filename.chars().all(plain) && !stored.filename.starts_with('.'),
        "{:?} is no safe name",
        stored.filename
    );
}
