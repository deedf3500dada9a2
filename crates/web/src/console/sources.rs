//! `/sources`: where webhooks come from, what was refused and why, whether they can be asked what they have, and the last
//! webhooks that came.

use askama::Template;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::{Page as Slice, WebhookFilter, WebhookState, WebhookView};
use slugline_engine::webhooks::SourceView;

use super::contents::cursor;
use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble};
use super::times::Moment;
use super::words::{self, Tag, plain};
use crate::router::Endpoint;

/// Webhooks of a page.
const ROWS: usize = 30;
/// Refusals of each source.
const REFUSALS: usize = 5;

#[derive(Template)]
#[template(path = "sources.html")]
struct Page {
    frame: Frame,
    all: Vec<Source>,
    webhooks: Vec<Came>,
    source: Option<String>,
    state: Option<String>,
    later: Option<String>,
}

/// A source with what came from it to this node.
struct Source {
    name: String,
    kind: String,
    environment: String,
    received: u64,
    duplicates: u64,
    failed: u64,
    refused: u64,
    missed: u64,
    last: Option<Moment>,
    lag: Option<String>,
    longest: Option<String>,
    refusals: Vec<(Moment, String, String, String)>,
    unasked: Vec<Unasked>,
}

/// Why a source could not be asked what it has.
pub(crate) struct Unasked {
    pub(crate) source: String,
    pub(crate) what: &'static str,
    pub(crate) at: Moment,
    pub(crate) detail: String,
}

/// A webhook in the list.
pub(crate) struct Came {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) tag: Tag,
    pub(crate) at: Moment,
    pub(crate) about: Vec<String>,
    pub(crate) reason: Option<String>,
    pub(crate) by_poll: bool,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/sources", None, sources)
}

async fn sources(visit: Visit) -> Shown {
    let frame = visit.frame(Room::Sources, "Sources");
    let (source, state) = (visit.query.text("source"), visit.query.text("state"));
    let filter = WebhookFilter {
        owner: Some(visit.owner().to_owned()),
        source: source.clone(),
        state: state.as_deref().map(known_state).transpose()?,
    };
    let slice = Slice {
        limit: ROWS,
        cursor: cursor(&visit)?,
    };
    let found = visit.doors.store.webhooks(filter, slice).await?;
    let all = visit.doors.webhooks.sources(visit.owner());
    page::show(&Page {
        all: all.into_iter().map(|one| shown(one, &frame)).collect(),
        webhooks: found
            .items
            .into_iter()
            .map(|one| came(one, &frame))
            .collect(),
        later: found
            .next_cursor
            .map(|cursor| visit.query.with("cursor", Some(&cursor.to_string()))),
        source,
        state,
        frame,
    })
}

fn known_state(word: &str) -> Result<WebhookState, Trouble> {
    let all = [
        WebhookState::Received,
        WebhookState::Done,
        WebhookState::Ignored,
        WebhookState::Failed,
    ];
    let mut all = all.into_iter();
    let found = all.find(|state| words::webhook(*state).word == word);
    found.ok_or_else(|| {
        let detail = format!("{word:?} is no state of a webhook");
        Problem::new(Code::InvalidRequest, detail).into()
    })
}

/// What went wrong when this node asked a source last.
pub(crate) fn unasked(view: &SourceView, frame: &Frame) -> Vec<Unasked> {
    let counts = &view.counts;
    let told = [
        (&counts.poll_failure, "could not be asked what is new there"),
        (
            &counts.sweep_failure,
            "could not be asked for all that is gone there",
        ),
    ];
    let failed = told.into_iter().filter_map(|(failure, what)| {
        failure.as_ref().map(|failure| Unasked {
            source: view.name.clone(),
            what,
            at: frame.when(&failure.at),
            detail: failure.detail.clone(),
        })
    });
    failed.collect()
}

fn shown(view: SourceView, frame: &Frame) -> Source {
    let unasked = unasked(&view, frame);
    let counts = view.counts;
    let seconds = |seconds: f64| {
        super::times::span(std::time::Duration::from_secs_f64(seconds.clamp(0.0, 1e9)))
    };
    let refusal = |one: slugline_engine::webhooks::Refused| {
        let from = one
            .from
            .map_or("an unknown address".to_owned(), |from| from.to_string());
        (
            frame.when(&one.at),
            from,
            one.code.as_str().replace('_', " "),
            one.detail,
        )
    };
    Source {
        name: view.name,
        kind: view.kind,
        environment: view.environment,
        received: counts.received,
        duplicates: counts.duplicates,
        failed: counts.failed,
        refused: counts.refused,
        missed: counts.found_by_poll,
        last: counts.last_received_at.map(|at| frame.when(&at)),
        lag: counts.last_lag_seconds.map(seconds),
        longest: counts.longest_lag_seconds.map(seconds),
        refusals: counts
            .last_refused
            .into_iter()
            .take(REFUSALS)
            .map(refusal)
            .collect(),
        unasked,
    }
}

/// A webhook as lists show it.
pub(crate) fn came(view: WebhookView, frame: &Frame) -> Came {
    let about = view.outcome.changes.iter().map(|change| {
        let what = plain(&change.status);
        format!("{}: {what}", change.content_id)
    });
    Came {
        about: about.collect(),
        id: view.webhook_id.to_string(),
        source: view.source,
        tag: words::webhook(view.state),
        at: frame.when(&view.received_at),
        reason: view.outcome.reason,
        by_poll: view.proof.found_by_poll,
    }
}
