//! The count at the end: what was acknowledged, what the API shows, and what the sink has, held against each other.
//! Ensures that every difference is a finding of the promise that it breaks. It reads the whole list of publishes.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::findings::Wrong;
use super::ledger::{Ledger, Newest, content_id};
use super::node::TOKEN;
use super::producers::Books;
use super::sink::Sink;
use crate::wire::{self, Connection, Key};

/// Publishes of one page: as many as the API gives.
const PAGE: usize = 500;

/// A publish as the API shows it; of the rest nothing is needed.
#[derive(Debug, Deserialize)]
pub(super) struct Publish {
    publish_id: String,
    request_id: String,
    content_id: String,
    generation: u64,
    state: String,
    jobs: Vec<Job>,
}

#[derive(Debug, Deserialize)]
struct Job {
    job_id: String,
    destination: String,
    state: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Publish>,
    next_cursor: Option<String>,
}

/// Every publish that there is.
///
/// # Errors
/// The API does not answer as documented.
pub(super) async fn publishes(door: SocketAddr) -> Result<Vec<Publish>> {
    let mut connection = Connection::open(door).await?;
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/publishes?limit={PAGE}{cursor}");
        let answer = connection.exchange(&wire::get(&path, TOKEN)).await?;
        ensure!(answer.status == 200, "{path} answers {}", answer.status);
        let page: Page = serde_json::from_slice(answer.body).context(path)?;
        all.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}

/// Publishes that still have something to do.
pub(super) fn open(all: &[Publish]) -> usize {
    let open =
        |publish: &&Publish| !matches!(publish.state.as_str(), "live" | "superseded" | "failed");
    all.iter().filter(open).count()
}

/// Whether the sink shows the newest accepted version of every item.
pub(super) fn is_settled(ledger: &Ledger, sink: &Sink) -> bool {
    ledger
        .newest()
        .all(|(content, newest)| shows(sink, &content_id(content), newest))
}

fn shows(sink: &Sink, content_id: &str, newest: Newest) -> bool {
    let shown = sink.shown(content_id);
    shown.is_some_and(|it| (it.version, it.removed) == (newest.version, newest.removed))
}

/// Notes everything that is not as it must be.
pub(super) fn compare(books: &Books, sink: &Sink, all: &[Publish]) {
    let ledger = books.ledger.borrow();
    keys(books, &ledger, all);
    jobs(books, all);
    for (content, newest) in ledger.newest() {
        let id = content_id(content);
        if !shows(sink, &id, newest) {
            let what = format!("{id} must show {newest:?}, shows {:?}", sink.shown(&id));
            books.findings.note(Wrong::Lost, what);
        }
    }
}

/// Each acknowledged key has exactly the publish that was named for it, and there is no other.
fn keys(books: &Books, ledger: &Ledger, all: &[Publish]) {
    let mut found: HashMap<Key, &Publish> = HashMap::new();
    for publish in all {
        let key = Key::from_str_radix(&publish.request_id, 16).ok();
        let named = key.and_then(|key| ledger.of(key));
        let twin = key.and_then(|key| found.insert(key, publish));
        let (id, request) = (&publish.publish_id, &publish.request_id);
        match (named, twin) {
            (_, Some(twin)) => {
                let what = format!("{request} has {} and {id}", twin.publish_id);
                books.findings.note(Wrong::Twin, what);
            }
            (None, None) => {
                let what = format!("{id} under {request}, which nobody was told of");
                books.findings.note(Wrong::Answer, what);
            }
            (Some(named), None) if named.publish_id != *id => {
                let what = format!("{request} was {}, is {id}", named.publish_id);
                books.findings.note(Wrong::Twin, what);
            }
            _ => {}
        }
    }
    for (key, publish) in ledger.keys().filter(|(key, _)| !found.contains_key(key)) {
        let what = format!("{key:032x} was acknowledged as {publish:?} and is not there");
        books.findings.note(Wrong::Lost, what);
    }
}

/// No two jobs for one generation and destination, and none that did not end well.
fn jobs(books: &Books, all: &[Publish]) {
    let mut seen = HashSet::new();
    for publish in all {
        let (content, generation) = (publish.content_id.as_str(), publish.generation);
        for job in &publish.jobs {
            if !seen.insert((content, generation, job.destination.as_str())) {
                let what = format!("{} is another job for {content} {generation}", job.job_id);
                books.findings.note(Wrong::Twin, what);
            }
            if !matches!(job.state.as_str(), "live" | "superseded") {
                let what = format!("{} of {content} {generation} is {}", job.job_id, job.state);
                books.findings.note(Wrong::Stuck, what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::kill9::ledger::Acknowledged;

    fn publish(id: &str, key: Key, generation: u64) -> Publish {
        let job = Job {
            job_id: format!("job of {id}"),
            destination: "sink".into(),
            state: "live".into(),
        };
        Publish {
            publish_id: id.into(),
            request_id: format!("{key:032x}"),
            content_id: content_id(1),
            generation,
            state: "live".into(),
            jobs: vec![job],
        }
    }

    /// What is found when keys 1 and 2 were acknowledged as `a` and `b` and the API shows `all`.
    fn found(all: &[Publish]) -> Vec<Wrong> {
        let books = Books {
            ledger: Rc::default(),
            findings: Rc::default(),
            counters: Rc::default(),
        };
        for (key, id) in [(1, "a"), (2, "b")] {
            let publish = Acknowledged {
                publish_id: id.into(),
                content: 1,
                version: 1,
            };
            books.ledger.borrow_mut().acknowledge(key, publish, false);
        }
        keys(&books, &books.ledger.borrow(), all);
        jobs(&books, all);
        books.findings.counts().into_keys().collect()
    }

    #[test]
    fn what_is_as_acknowledged_is_no_finding() {
        assert_eq!(found(&[publish("a", 1, 1), publish("b", 2, 2)]), []);
    }

    #[test]
    fn a_lost_key_a_twin_and_a_stranger_are_found() {
        assert_eq!(found(&[publish("a", 1, 1)]), [Wrong::Lost]);
        let twin = [publish("a", 1, 1), publish("b", 2, 2), publish("c", 2, 3)];
        assert_eq!(found(&twin), [Wrong::Twin]);
        let stranger = [publish("a", 1, 1), publish("b", 2, 2), publish("c", 3, 3)];
        assert_eq!(found(&stranger), [Wrong::Answer]);
    }

    #[test]
    fn two_jobs_for_one_generation_and_a_job_that_hangs_are_found() {
        assert_eq!(
            found(&[publish("a", 1, 1), publish("b", 2, 1)]),
            [Wrong::Twin]
        );
        let mut hangs = publish("b", 2, 2);
        hangs.jobs[0].state = "queued".into();
        assert_eq!(found(&[publish("a", 1, 1), hangs]), [Wrong::Stuck]);
    }
}
