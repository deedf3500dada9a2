//! What the store keeps as text: entries of the log, payloads, media, failures, what was shown,
//! answers. A damaged text is an error, never a panic, and what is read writes back the same.

use serde::Serialize;
use serde::de::DeserializeOwned;
use slugline_core::answer::Answer;
use slugline_core::connector::Shown;
use slugline_core::event::{LogEntry, stored_text};
use slugline_core::failure::Failure;
use slugline_core::payload::{Payload, StoredMedia};

use crate::damage::{cook, corpus, recipes};

#[test]
fn every_stored_text_reads_back_as_itself() {
    let corpus = corpus("stored");
    corpus.iter().for_each(|text| judge(text));
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| judge(&cook(&corpus, recipe)));
}

#[test]
fn each_text_of_the_corpus_is_one_of_them() {
    let known = |text: &Vec<u8>| {
        is::<LogEntry>(text)
            || is::<Payload>(text)
            || is::<StoredMedia>(text)
            || is::<Failure>(text)
            || is::<Shown>(text)
            || is::<Answer>(text)
    };
    assert!(corpus("stored").iter().all(known));
}

fn is<T: DeserializeOwned>(text: &[u8]) -> bool {
    serde_json::from_slice::<T>(text).is_ok()
}

fn judge(text: &[u8]) {
    same::<Payload>(text);
    same::<StoredMedia>(text);
    same::<Failure>(text);
    same::<Shown>(text);
    same::<Answer>(text);
    let Ok(entry) = serde_json::from_slice::<LogEntry>(text) else {
        return;
    };
    let stored = stored_text(&entry);
    let read: LogEntry = serde_json::from_str(&stored).unwrap();
    assert_eq!(
        LogEntry {
            seq: entry.seq,
            ..read.clone()
        },
        entry
    );
    assert_eq!(stored_text(&read), stored, "its hash would be another");
}

fn same<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(text: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(text) {
        let written = serde_json::to_vec(&value).unwrap();
        assert_eq!(serde_json::from_slice::<T>(&written).unwrap(), value);
    }
}
