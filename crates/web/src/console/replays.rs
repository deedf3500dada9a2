//! `/replays`: the last replays, and the form that tries a new one.
//!
//! Ensures that the form only ever begins a dry run: what really runs is started from the page that shows
//! what it would be.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::{Code, Problem};
use slugline_core::reason::Reason;
use slugline_core::replay::{DEFAULT_LIMIT, DEFAULT_RATE, MAX_LIMIT, MAX_RATE, Mode, Relevance};
use slugline_core::time::Timestamp;
use slugline_engine::store::{Page as Slice, ReplayFilter, ReplayState, ReplayView};

use super::contents::cursor;
use super::fields::Fields;
use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble, go};
use super::post::Posted;
use super::session;
use super::times::Moment;
use super::words::{Tag, Tone, plain};
use crate::app::Doors;
use crate::door::role::Role;
use crate::endpoints::start_replay::{self, Wanted};
use crate::router::Endpoint;

/// Replays of a page.
const ROWS: usize = 20;

#[derive(Template)]
#[template(path = "replays.html")]
struct Page {
    frame: Frame,
    replays: Vec<Item>,
    later: Option<String>,
    destinations: Vec<String>,
    states: Vec<&'static str>,
    reasons: Vec<&'static str>,
    limit: (u64, u64),
    rate: (u64, u64),
}

/// A replay as lists show it.
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) tag: Tag,
    pub(crate) dry_run: bool,
    pub(crate) about: Vec<(&'static str, String)>,
    pub(crate) done: u64,
    pub(crate) total: u64,
    pub(crate) more: bool,
    pub(crate) limit: u64,
    pub(crate) counts: Vec<(String, u64)>,
    pub(crate) began: Moment,
    pub(crate) actor: String,
    pub(crate) why: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/replays", None, replays)
}

pub(super) fn try_endpoint() -> Endpoint {
    Endpoint::open_post("/replays", try_one)
}

async fn replays(visit: Visit) -> Shown {
    let slice = Slice {
        limit: ROWS,
        cursor: cursor(&visit)?,
    };
    let found = visit.doors.store.replays(visit.owner(), slice).await?;
    let frame = visit.frame(Room::Replays, "Replays");
    let known = visit.doors.destinations.list().into_iter();
    let own = known.filter(|one| {
        let owner = one.owner.as_deref();
        owner.is_none_or(|owner| owner == visit.owner())
    });
    page::show(&Page {
        later: found
            .next_cursor
            .map(|cursor| visit.query.with("cursor", Some(&cursor.to_string()))),
        replays: found
            .items
            .into_iter()
            .map(|one| item(one, &frame))
            .collect(),
        destinations: own.map(|one| one.name).collect(),
        states: JobState::ALL.iter().map(|state| state.as_str()).collect(),
        reasons: Reason::ALL.iter().map(|reason| reason.code()).collect(),
        limit: (DEFAULT_LIMIT, MAX_LIMIT),
        rate: (DEFAULT_RATE, MAX_RATE),
        frame,
    })
}

/// A replay as it is shown.
pub(crate) fn item(view: ReplayView, frame: &Frame) -> Item {
    let record = view.record;
    let (tone, word) = match view.state {
        ReplayState::Running => (Tone::Busy, "running"),
        ReplayState::Done => (Tone::Good, "done"),
        ReplayState::Aborted => (Tone::Calm, "aborted"),
    };
    let counts = record.counts.iter();
    Item {
        id: view.replay_id.to_string(),
        tag: Tag { tone, word },
        dry_run: record.dry_run,
        about: about(&record.filter, record.mode),
        done: record.done,
        total: record.total,
        more: record.more,
        limit: record.limit,
        counts: counts
            .map(|(relevance, count)| (word_of(*relevance).to_owned(), *count))
            .collect(),
        began: frame.when(&view.started_at),
        actor: record.actor,
        why: record.why,
    }
}

/// What an event is worth, in words.
pub(crate) fn word_of(relevance: Relevance) -> &'static str {
    match relevance {
        Relevance::Relevant => "relevant",
        Relevance::Superseded => "superseded",
        Relevance::AlreadyApplied => "already applied",
        Relevance::UnsafeType => "unsafe to repeat",
        Relevance::OnItsWay => "on its way",
        Relevance::Diverged => "diverged",
        Relevance::Ended => "ended by a person",
        Relevance::NotDesired => "never released",
        Relevance::NoDestination => "no destination",
    }
}

/// What a replay is about, as names and values.
fn about(filter: &ReplayFilter, mode: Mode) -> Vec<(&'static str, String)> {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let all = [
        ("content", filter.content_id.clone()),
        ("destination", filter.destination.clone()),
        ("environment", filter.environment.clone()),
        ("source", filter.source.clone()),
        ("state", filter.state.map(|state| plain(&state))),
        (
            "reason",
            filter.reason.map(|reason| reason.code().to_owned()),
        ),
        ("since", time(filter.since)),
        ("until", time(filter.until)),
        ("mode", (mode != Mode::Current).then(|| plain(&mode))),
    ];
    let said = all
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    said.collect()
}

async fn try_one(State(doors): State<Arc<Doors>>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let fields = &posted.fields;
    let wanted = Wanted {
        filter: ReplayFilter {
            content_id: fields.text("content"),
            destination: fields.text("destination"),
            environment: fields.text("environment"),
            source: fields.text("source"),
            state: word(fields, "state")?,
            reason: word(fields, "reason")?,
            since: time(fields, "since")?,
            until: time(fields, "until")?,
        },
        dry_run: true,
        limit: number(fields, "limit")?,
        rate: number(fields, "rate")?,
        mode: word(fields, "mode")?.unwrap_or_default(),
    };
    let begun = start_replay::begin(&doors, &posted.signed.principal, wanted).await;
    let (_, view) = begun.map_err(|refusal| Trouble::Problem(refusal.0))?;
    let base = session::base(&doors);
    Ok(go(&base, &format!("/replays/{}", view.replay_id)))
}

fn unclear(name: &str, said: &str) -> Trouble {
    Problem::new(Code::InvalidRequest, format!("{said:?} is no {name}")).into()
}

fn word<T: serde::de::DeserializeOwned>(fields: &Fields, name: &str) -> Result<Option<T>, Trouble> {
    let read = |said: &str| serde_json::from_value(said.into()).map_err(|_| unclear(name, said));
    fields.one(name).map(read).transpose()
}

fn number(fields: &Fields, name: &str) -> Result<Option<u64>, Trouble> {
    let read = |said: &str| said.parse().map_err(|_| unclear(name, said));
    fields.one(name).map(read).transpose()
}

/// A time as a browser's field says it, or as RFC 3339 does; in UTC where it names no offset.
fn time(fields: &Fields, name: &str) -> Result<Option<Timestamp>, Trouble> {
    let read = |said: &str| {
        let whole = Timestamp::parse(said);
        let whole = whole.or_else(|_| Timestamp::parse(&format!("{said}Z")));
        let whole = whole.or_else(|_| Timestamp::parse(&format!("{said}:00Z")));
        whole.map_err(|_| unclear("time", said))
    };
    fields.one(name).map(read).transpose()
}
