//! The decoder of publish requests: whatever arrives, it answers with a request that survives being stored and read
//! again, or with a complaint that says where.

use slugline_core::problem::{Code, Problem};
use slugline_core::request::{self, PublishRequest};
use slugline_core::time::Timestamp;

use crate::damage::{cook, corpus, recipes};

/// Any moment will do; this one lies between the dates that the corpus uses. Microseconds since 1970.
pub(crate) const NOW: Timestamp = Timestamp(1_750_000_000_000_000);

#[test]
fn every_body_is_a_request_or_a_complaint_with_a_place() {
    let corpus = corpus("publish");
    corpus.iter().for_each(|body| judge(body));
    bolero::check!()
        .with_generator(recipes())
        .for_each(|recipe| judge(&cook(&corpus, recipe)));
}

#[test]
fn the_corpus_holds_requests_that_are_accepted() {
    let accepted =
        |body: &Vec<u8>| request::decode(body).is_ok_and(|request| request.check(NOW).is_ok());
    assert!(
        corpus("publish")
            .iter()
            .filter(|body| accepted(body))
            .count()
            >= 3
    );
}

fn judge(body: &[u8]) {
    match request::decode(body) {
        Ok(request) => {
            let text = request::payload_place(body).map(|place| &body[place]);
            let payload = text.map(|text| serde_json::from_slice(text).unwrap());
            assert_eq!(payload, request.payload, "it would be stored as another");
            judge_request(&request);
        }
        Err(problem) => judge_problem(&problem),
    }
}

fn judge_request(request: &PublishRequest) {
    let stored = serde_json::to_vec(request).unwrap();
    let read = request::decode(&stored).unwrap();
    assert_eq!(&read, request, "a stored request reads back as another");
    assert_eq!(read.fingerprints("en"), request.fingerprints("en"));
    if let Err(problem) = request.check(NOW) {
        judge_problem(&problem);
    }
    if let Err(problem) = request.key(Some("\"a-key\"")) {
        judge_problem(&problem);
    }
}

pub(crate) fn judge_problem(problem: &Problem) {
    assert!(!problem.detail.is_empty(), "a complaint without words");
    let placed = problem
        .errors
        .iter()
        .all(|error| !error.path.is_empty() && !error.message.is_empty());
    assert!(placed, "a complaint without a place: {problem:?}");
    if problem.code == Code::InvalidRequest {
        assert!(!problem.errors.is_empty(), "no field is named: {problem:?}");
    }
    assert!(
        (400..500).contains(&problem.code.status()),
        "a stranger's mistake counts as ours: {problem:?}"
    );
}
