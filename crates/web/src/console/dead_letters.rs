//! `/dead-letters`: failed jobs that wait for a person. What is done with many of them is in `bulk`.

use std::time::Duration;

use askama::Template;
use slugline_core::item::Class;
use slugline_core::problem::{Code, Problem};
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;
use slugline_engine::store::{DeadLetterFilter, Page as Slice};

use super::bulk::{self, Deed};
use super::contents::cursor;
use super::fields::Fields;
use super::frame::{Frame, Room, Visit};
use super::jobs::{self, DeadLetter};
use super::page::{self, Shown, Trouble};
use crate::router::Endpoint;

/// Dead letters of a page.
const ROWS: usize = 50;
/// The names of the filters in the address.
const FILTERS: [&str; 7] = [
    "destination",
    "reason",
    "class",
    "age",
    "content",
    "request",
    "environment",
];
const HOUR: Duration = Duration::from_secs(3_600);
/// Ages that can be asked for: the word, how long, and what it says.
const AGES: [(&str, Duration, &str); 4] = [
    ("1h", HOUR, "over an hour"),
    ("1d", HOUR.saturating_mul(24), "over a day"),
    ("7d", HOUR.saturating_mul(7 * 24), "over a week"),
    ("30d", HOUR.saturating_mul(30 * 24), "over 30 days"),
];

/// Something to choose: its word, its name, whether it is chosen.
type Offer = (&'static str, &'static str, bool);

#[derive(Template)]
#[template(path = "dead_letters.html")]
struct Page {
    frame: Frame,
    letters: Vec<DeadLetter>,
    deeds: &'static [Deed],
    most: usize,
    destinations: Vec<(String, bool)>,
    reasons: Vec<Offer>,
    classes: Vec<Offer>,
    ages: Vec<Offer>,
    content: String,
    request: String,
    environment: String,
    /// The filters as they are, for the form of what is done with all that match.
    kept: Vec<(&'static str, String)>,
    later: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/dead-letters", None, dead_letters)
}

async fn dead_letters(visit: Visit) -> Shown {
    let query = &visit.query;
    let frame = visit.frame(Room::DeadLetters, "Dead letters");
    let filter = filter(visit.owner(), query, frame.now)?;
    let slice = Slice {
        limit: ROWS,
        cursor: cursor(&visit)?,
    };
    let found = visit
        .doors
        .store
        .dead_letters(filter.clone(), slice)
        .await?;
    let known = visit.doors.destinations.list().into_iter();
    let known = known.filter(|one| {
        one.owner
            .as_deref()
            .is_none_or(|owner| owner == visit.owner())
    });
    let age = query.one("age");
    page::show(&Page {
        destinations: known
            .map(|one| {
                let chosen = filter.destination.as_ref() == Some(&one.name);
                (one.name, chosen)
            })
            .collect(),
        reasons: Reason::ALL
            .iter()
            .map(|one| (one.code(), one.code(), filter.reason == Some(*one)))
            .collect(),
        classes: Class::ALL
            .iter()
            .map(|one| (one.as_str(), one.as_str(), filter.class == Some(*one)))
            .collect(),
        ages: AGES
            .iter()
            .map(|(word, _, name)| (*word, *name, age == Some(word)))
            .collect(),
        content: filter.content_id.unwrap_or_default(),
        request: filter.request_id.unwrap_or_default(),
        environment: filter.environment.unwrap_or_default(),
        kept: kept(query),
        later: found
            .next_cursor
            .map(|cursor| query.with("cursor", Some(&cursor.to_string()))),
        letters: found
            .items
            .into_iter()
            .map(|one| jobs::letter(one, frame.now))
            .collect(),
        deeds: &bulk::DEEDS,
        most: bulk::MOST,
        frame,
    })
}

/// The filters that are set.
pub(crate) fn kept(query: &Fields) -> Vec<(&'static str, String)> {
    let set = |name: &&'static str| Some((*name, query.text(name)?));
    FILTERS.iter().filter_map(set).collect()
}

/// What the filters say.
pub(crate) fn filter(
    owner: &str,
    query: &Fields,
    now: Timestamp,
) -> Result<DeadLetterFilter, Trouble> {
    let unknown = |what: &str, word: &str| {
        Problem::new(Code::InvalidRequest, format!("{word:?} is no {what}"))
    };
    let reason = |code: &str| Reason::from_code(code).ok_or_else(|| unknown("reason", code));
    let class = |word: &str| {
        let mut all = Class::ALL.into_iter();
        all.find(|one| one.as_str() == word)
            .ok_or_else(|| unknown("class", word))
    };
    let before = |word: &str| {
        let known = AGES.iter().find(|(known, ..)| *known == word);
        let (_, age, _) = known.ok_or_else(|| unknown("age", word))?;
        Ok::<_, Problem>(now.minus(*age))
    };
    Ok(DeadLetterFilter {
        owner: owner.to_owned(),
        content_id: query.text("content"),
        request_id: query.text("request"),
        destination: query.text("destination"),
        reason: query.one("reason").map(reason).transpose()?,
        class: query.one("class").map(class).transpose()?,
        environment: query.text("environment"),
        before: query.one("age").map(before).transpose()?,
    })
}
