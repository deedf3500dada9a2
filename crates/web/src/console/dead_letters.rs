//! `/dead-letters`: failed jobs that wait for a person.

use askama::Template;
use slugline_core::lifecycle::JobState;
use slugline_core::reason::Reason;
use slugline_engine::store::{Page as Slice, PublishFilter};

use super::contents::cursor;
use super::frame::{Frame, Room, Visit};
use super::jobs::{self, DeadLetter};
use super::page::{self, Shown};
use crate::router::Endpoint;

/// Publishes of a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "dead_letters.html")]
struct Page {
    frame: Frame,
    letters: Vec<DeadLetter>,
    destinations: Vec<(String, bool)>,
    reasons: Vec<(&'static str, bool)>,
    content: String,
    request: String,
    environment: String,
    filtered: bool,
    later: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/dead-letters", None, dead_letters)
}

async fn dead_letters(visit: Visit) -> Shown {
    let query = &visit.query;
    let (destination, reason) = (query.text("destination"), query.text("reason"));
    let filter = PublishFilter {
        owner: Some(visit.owner().to_owned()),
        content_id: query.text("content"),
        request_id: query.text("request"),
        state: Some(JobState::Failed),
        environment: query.text("environment"),
        locale: None,
        destination: destination.clone(),
    };
    let filtered = ["content", "request", "environment", "destination", "reason"]
        .iter()
        .any(|name| query.one(name).is_some());
    let slice = Slice {
        limit: ROWS,
        cursor: cursor(&visit)?,
    };
    let found = visit.doors.store.publishes(filter, slice).await?;
    let frame = visit.frame(Room::DeadLetters, "Dead letters");
    let mut letters = jobs::dead_letters(found.items, frame.now);
    letters.retain(|letter| {
        destination
            .as_deref()
            .is_none_or(|name| letter.destination == name)
            && reason.as_deref().is_none_or(|code| letter.code == code)
    });
    let known = visit
        .doors
        .destinations
        .list()
        .into_iter()
        .map(|one| one.name);
    page::show(&Page {
        destinations: known
            .map(|name| {
                let chosen = destination.as_ref() == Some(&name);
                (name, chosen)
            })
            .collect(),
        reasons: Reason::ALL
            .iter()
            .map(|one| (one.code(), reason.as_deref() == Some(one.code())))
            .collect(),
        content: query.text("content").unwrap_or_default(),
        request: query.text("request").unwrap_or_default(),
        environment: query.text("environment").unwrap_or_default(),
        later: found
            .next_cursor
            .map(|cursor| query.with("cursor", Some(&cursor.to_string()))),
        letters,
        filtered,
        frame,
    })
}
