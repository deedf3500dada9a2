//! `/activity`: the log, newest first.

use askama::Template;
use slugline_core::event::EventType;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::{EventFilter, Page as Slice};

use super::contents::cursor;
use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown};
use super::story::{self, Told};
use crate::router::Endpoint;

/// Entries of a page.
const ROWS: usize = 50;

/// Types that can be chosen from, in the order in which they happen.
const TYPES: [&str; 12] = [
    "publish_request",
    "unpublish_request",
    "delete_request",
    "stale_update_ignored",
    "released",
    "delivery_started",
    "delivery_retry",
    "publish_succeeded",
    "publish_failed",
    "superseded",
    "drift_found",
    "drift_ended",
];

#[derive(Template)]
#[template(path = "activity.html")]
struct Page {
    frame: Frame,
    entries: Vec<Told>,
    types: Vec<(&'static str, String, bool)>,
    content: String,
    request: String,
    actor: String,
    filtered: bool,
    later: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/activity", None, activity)
}

async fn activity(visit: Visit) -> Shown {
    let query = &visit.query;
    let kind = query.text("type");
    if let Some(word) = &kind
        && serde_json::from_value::<EventType>(word.as_str().into()).is_err()
    {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("{word:?} is no type of entry"),
        )
        .into());
    }
    let filter = EventFilter {
        owner: Some(visit.owner().to_owned()),
        content_id: query.text("content"),
        request_id: query.text("request"),
        kind: kind.clone(),
        actor: query.text("actor"),
        ..EventFilter::default()
    };
    let filtered = ["content", "request", "type", "actor"]
        .iter()
        .any(|name| query.one(name).is_some());
    let slice = Slice {
        limit: ROWS,
        cursor: cursor(&visit)?,
    };
    let found = visit.doors.store.recent(filter, slice).await?;
    let frame = visit.frame(Room::Activity, "Activity");
    let types = TYPES.iter().map(|word| {
        (
            *word,
            word.replace('_', " "),
            kind.as_deref() == Some(*word),
        )
    });
    page::show(&Page {
        entries: story::told(found.items, frame.now),
        types: types.collect(),
        content: query.text("content").unwrap_or_default(),
        request: query.text("request").unwrap_or_default(),
        actor: query.text("actor").unwrap_or_default(),
        later: found
            .next_cursor
            .map(|cursor| query.with("cursor", Some(&cursor.to_string()))),
        filtered,
        frame,
    })
}
