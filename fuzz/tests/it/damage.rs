//! Damage: small edits to a good document, so that most inputs get past the first byte and break something further in.
//! Purely random bytes would only ever test the first `{`.

use std::fs;
use std::path::Path;

use bolero::ValueGenerator;
use bolero::generator::produce;

/// Where, what kind, and how much; any numbers make a valid edit.
pub(crate) type Edit = (u16, u8, u8);

/// Which document of the corpus, and what is done to it.
pub(crate) type Recipe = (u8, Vec<Edit>);

/// More edits than this and hardly a document gets past its first line.
const MOST_EDITS: usize = 4;

/// Recipes with few edits.
pub(crate) fn recipes() -> impl ValueGenerator<Output = Recipe> {
    (
        produce::<u8>(),
        produce::<Vec<Edit>>().with().len(0..=MOST_EDITS),
    )
}

/// What breaks decoders: unbalanced brackets, wrong types, numbers past their range, lone surrogates, bytes that are no
/// UTF-8, dates that do not exist, paths, fences of front matter, anchors that multiply.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1.5",
    b"1e999",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-0.0",
    b"\\u0000",
    b"\\ud800",
    b"\\",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
    b"\r\n",
    b"\n\n",
    b"\"9999-12-31T23:59:60Z\"",
    b"\"2024-02-30T00:00:00+23:59\"",
    b"\"../../etc\"",
    b"\"content_uid\":\"x\",",
    b"\"title\":{},",
    b"---\n",
    b"+++\n",
    b"&a [*a, *a]",
    b"<<: *a\n",
    b"!!binary ",
    b"? ",
    b"- ",
    b"|\n",
    b"  ",
    b"\t",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"[x]\n",
    b"= 1979-05-27T07:32:00Z\n",
    b".inf",
    b"'''",
    b"\"\"\"",
];

/// Every document of a folder of the corpus, by name.
pub(crate) fn corpus(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| fs::read(path).unwrap())
        .collect()
}

/// The document that a recipe makes of the corpus.
pub(crate) fn cook(corpus: &[Vec<u8>], (which, edits): &Recipe) -> Vec<u8> {
    let mut document = corpus[usize::from(*which) % corpus.len()].clone();
    for edit in edits {
        apply(&mut document, *edit, corpus);
    }
    document
}

/// Edits a document; others of its kind may be grafted on.
pub(crate) fn apply(document: &mut Vec<u8>, (place, kind, amount): Edit, corpus: &[Vec<u8>]) {
    let at = usize::from(place) % (document.len() + 1);
    let end = (at + usize::from(amount)).min(document.len());
    let token = TOKENS[usize::from(amount) % TOKENS.len()];
    match kind % 5 {
        0 => drop(document.splice(at..at, token.iter().copied())),
        1 => drop(document.splice(at..end, token.iter().copied())),
        2 => drop(document.drain(at..end)),
        3 => document
            .splice(at..at, document[at..end].to_vec())
            .for_each(drop),
        _ => {
            let other = &corpus[usize::from(amount) % corpus.len()];
            document.truncate(at);
            document.extend(&other[at.min(other.len())..]);
        }
    }
}

#[test]
fn a_recipe_without_edits_is_the_document_itself() {
    let corpus = corpus("publish");
    assert_eq!(cook(&corpus, &(0, Vec::new())), corpus[0]);
    assert_ne!(cook(&corpus, &(0, vec![(3, 0, 1)])), corpus[0]);
}
