//! Short texts that come from outside: times, durations, rates, ids, keys, slugs, secrets, addresses,
//! and the headers that vendors answer with. None of them panics, and what is read can be written.

use std::time::Duration;

use slugline_connectors::fake::Faults;
use slugline_core::budget::parse_rate;
use slugline_core::failure::{MAX_RETRY_AFTER, retry_after};
use slugline_core::ids::{JobId, PublishId};
use slugline_core::request;
use slugline_core::slug;
use slugline_core::time::{Timestamp, parse_duration};

use crate::damage::{cook, corpus, recipes};
use crate::publish::{NOW, judge_problem};

#[test]
fn every_text_is_a_value_or_a_complaint() {
    let corpus = corpus("texts");
    let asker = request::decode(br#"{"content_id":"a","payload":{"title":"t"}}"#).unwrap();
    let judge = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        let text = text.trim_end_matches('\n');
        times(text);
        amounts(text);
        ids(text);
        slugs(text);
        match asker.key(Some(text)) {
            Ok(key) => assert!(!key.is_empty() && key.len() <= request::MAX_KEY),
            Err(problem) => judge_problem(&problem),
        }
    };
    corpus.iter().for_each(|text| judge(text));
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| judge(&cook(&corpus, recipe)));
}

fn times(text: &str) {
    if let Ok(at) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&at.to_string()), Ok(at), "{text:?}");
        assert!(at.whole_seconds() <= at);
    }
    if let Some(wait) = retry_after(text, NOW) {
        assert!(wait <= MAX_RETRY_AFTER, "{text:?} asks for {wait:?}");
    }
}

fn amounts(text: &str) {
    if let Err(complaint) = parse_duration(text) {
        assert!(complaint.contains("duration"), "{complaint}");
    }
    match parse_rate(text) {
        Ok((count, period)) => assert!(count > 0 && period > Duration::ZERO, "{text:?}"),
        Err(complaint) => assert!(!complaint.is_empty()),
    }
    if let Err(complaint) = Faults::parse(text) {
        assert!(!complaint.is_empty());
    }
}

/// One id has one spelling: two that are equal must not look different in two answers.
fn ids(text: &str) {
    if let Ok(id) = text.parse::<JobId>() {
        assert_eq!(id.to_string().parse(), Ok(id), "{text:?}");
    }
    if let Ok(id) = text.parse::<PublishId>() {
        assert_eq!(id.to_string().parse(), Ok(id), "{text:?}");
    }
}

fn slugs(text: &str) {
    if let Some(derived) = slug::derive(text) {
        assert_eq!(slug::check(&derived), Ok(()), "{text:?} gives {derived:?}");
    }
}
