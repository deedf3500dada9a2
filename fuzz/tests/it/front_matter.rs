//! The parser of Markdown with front matter: it never panics, says what is wrong, and what it has read it can write so
//! that it reads the same again.

use slugline_core::markdown;

use crate::damage::{cook, corpus, recipes};

#[test]
fn every_file_is_a_document_or_a_complaint() {
    let corpus = corpus("front_matter");
    corpus.iter().for_each(|file| judge(file));
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| judge(&cook(&corpus, recipe)));
}

#[test]
fn the_corpus_holds_documents_with_front_matter() {
    let parsed = |file: &Vec<u8>| {
        markdown::parse(&String::from_utf8_lossy(file)).is_ok_and(|it| !it.front.is_empty())
    };
    assert!(
        corpus("front_matter")
            .iter()
            .filter(|file| parsed(file))
            .count()
            >= 3
    );
}

fn judge(file: &[u8]) {
    match markdown::parse(&String::from_utf8_lossy(file)) {
        Ok(document) => {
            let written = markdown::render(&document);
            assert_eq!(
                markdown::parse(&written).as_ref(),
                Ok(&document),
                "it was written as {written:?}"
            );
        }
        Err(complaint) => assert!(
            complaint.contains("front matter"),
            "says not what is wrong: {complaint:?}"
        ),
    }
}
