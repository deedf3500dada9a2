//! `/content`: all items, the newest first.

use std::collections::BTreeSet;

use askama::Template;
use slugline_core::problem::{Code, Problem};
use slugline_engine::desk::ReleaseItem;
use slugline_engine::store::{ContentFilter, ContentState, ContentView, Listed, Page as Slice};

use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble};
use super::release;
use crate::router::Endpoint;

/// Rows of a page.
const ROWS: usize = 30;

#[derive(Template)]
#[template(path = "contents.html")]
struct Page {
    frame: Frame,
    search: String,
    environment: String,
    locale: String,
    states: Vec<Choice>,
    items: Vec<(Listed, String)>,
    /// Where they go, by name.
    destinations: BTreeSet<String>,
    exact: Vec<ContentView>,
    filtered: bool,
    later: Option<String>,
    paged: bool,
}

/// A way to filter.
struct Choice {
    word: &'static str,
    name: &'static str,
    chosen: bool,
}

const STATES: [(&str, &str, Option<ContentState>); 5] = [
    ("", "any state", None),
    ("live", "live", Some(ContentState::Live)),
    ("on-the-way", "on the way", Some(ContentState::OnTheWay)),
    ("failed", "failed", Some(ContentState::Failed)),
    ("drifted", "drifted", Some(ContentState::Drifted)),
];

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/content", None, contents)
}

async fn contents(visit: Visit) -> Shown {
    let query = &visit.query;
    let filter = filter(&visit)?;
    let slice = Slice {
        limit: ROWS,
        cursor: cursor(&visit)?,
    };
    let found = visit.doors.store.contents(filter.clone(), slice).await?;
    // The list looks at the newest; whoever names an item finds it, however old it is.
    let exact = match (&filter.search, found.items.is_empty()) {
        (Some(id), true) => visit.doors.store.content(visit.owner(), id).await?,
        _ => Vec::new(),
    };
    let state = query.one("state").unwrap_or_default();
    let choice = |(word, name, _): &(&'static str, &'static str, _)| Choice {
        word,
        name,
        chosen: *word == state,
    };
    page::show(&Page {
        frame: visit.frame(Room::Content, "Content"),
        search: query.text("q").unwrap_or_default(),
        environment: query.text("environment").unwrap_or_default(),
        locale: query.text("locale").unwrap_or_default(),
        states: STATES.iter().map(choice).collect(),
        filtered: filter
            != ContentFilter {
                owner: filter.owner.clone(),
                ..ContentFilter::default()
            },
        later: found
            .next_cursor
            .map(|cursor| query.with("cursor", Some(&cursor.to_string()))),
        paged: slice_is_later(&visit),
        destinations: found.items.iter().flat_map(named).collect(),
        items: found.items.into_iter().map(with_pick).collect(),
        exact,
    })
}

fn named(item: &Listed) -> impl Iterator<Item = String> {
    item.destinations.iter().map(|at| at.destination.clone())
}

/// An item with how a form names it.
fn with_pick(item: Listed) -> (Listed, String) {
    let pick = release::pick(&ReleaseItem {
        content_id: item.content_id.clone(),
        to: None,
        environment: Some(item.environment.clone()),
        locale: Some(item.locale.clone()),
        generation: Some(item.generation),
    });
    (item, pick)
}

fn slice_is_later(visit: &Visit) -> bool {
    visit.query.one("cursor").is_some()
}

/// The place that a list goes on from.
pub(crate) fn cursor(visit: &Visit) -> Result<Option<i64>, Trouble> {
    let number = |text: &str| {
        let number = text.parse().ok().filter(|number: &i64| *number >= 0);
        number.ok_or_else(|| {
            Trouble::from(Problem::new(
                Code::InvalidRequest,
                "the list cannot go on from there",
            ))
        })
    };
    visit.query.one("cursor").map(number).transpose()
}

fn filter(visit: &Visit) -> Result<ContentFilter, Trouble> {
    let query = &visit.query;
    let word = query.one("state").unwrap_or_default();
    let known = STATES.iter().find(|(known, ..)| *known == word);
    let unknown = || {
        Problem::new(
            Code::InvalidRequest,
            format!("{word:?} is no state to filter by"),
        )
    };
    Ok(ContentFilter {
        owner: visit.owner().to_owned(),
        search: query.text("q"),
        environment: query.text("environment"),
        locale: query.text("locale"),
        state: known.ok_or_else(unknown)?.2,
    })
}
