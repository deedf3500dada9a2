//! `/drift`: what differs from what is desired, by whose hand, and the last comparisons of destinations.

use askama::Template;
use slugline_core::drift::Drift;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::{DriftFilter, DriftedView, Page as Slice};

use super::contents::cursor;
use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble, segment};
use super::reconciliation::{Compared, compared};
use super::times::Moment;
use super::words::{self, Tag, plain};
use crate::endpoints::reconciliation::serves;
use crate::router::Endpoint;

/// Items of a page.
const ROWS: usize = 50;
/// Reconciliations that are shown.
const RECONCILIATIONS: usize = 8;

#[derive(Template)]
#[template(path = "drift.html")]
struct Page {
    frame: Frame,
    items: Vec<Item>,
    kinds: Vec<(&'static str, bool)>,
    destinations: Vec<(String, bool)>,
    readable: Vec<String>,
    content: String,
    filtered: bool,
    later: Option<String>,
    reconciliations: Vec<Compared>,
}

/// An item that has drifted.
pub(crate) struct Item {
    pub(crate) place: i64,
    pub(crate) content_id: String,
    pub(crate) content_path: String,
    pub(crate) environment: String,
    pub(crate) locale: String,
    pub(crate) destination: String,
    pub(crate) tag: Tag,
    pub(crate) sentence: &'static str,
    pub(crate) found: Moment,
    pub(crate) desired: String,
    pub(crate) job_id: String,
    pub(crate) url: Option<String>,
    /// Whether something of ours is there that could be taken over as it is.
    pub(crate) adoptable: bool,
    /// Whether a repair takes away what somebody did.
    pub(crate) overwrites: bool,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/drift", None, drift)
}

async fn drift(visit: Visit) -> Shown {
    let query = &visit.query;
    let filter = DriftFilter {
        owner: Some(visit.owner().to_owned()),
        destination: query.text("destination"),
        kind: kind(&visit)?,
        environment: query.text("environment"),
        content_id: query.text("content"),
        reconciliation: None,
    };
    let slice = Slice {
        limit: ROWS,
        cursor: cursor(&visit)?,
    };
    let found = visit.doors.store.drifted(filter.clone(), slice).await?;
    let frame = visit.frame(Room::Drift, "Drift");
    let known = visit.doors.destinations.list().into_iter();
    let known = known.filter(|one| {
        one.owner
            .as_deref()
            .is_none_or(|owner| owner == visit.owner())
    });
    let readable = known.clone().filter(|one| one.capabilities.readable);
    let chosen = |name: &str| filter.destination.as_deref() == Some(name);
    let all = [Drift::Missing, Drift::Stale, Drift::Extra, Drift::Diverged];
    page::show(&Page {
        kinds: all
            .iter()
            .map(|one| (one.as_str(), filter.kind == Some(*one)))
            .collect(),
        readable: readable.map(|one| one.name).collect(),
        destinations: known
            .map(|one| (one.name.clone(), chosen(&one.name)))
            .collect(),
        content: query.text("content").unwrap_or_default(),
        filtered: ["destination", "kind", "environment", "content"]
            .iter()
            .any(|name| query.one(name).is_some()),
        later: found
            .next_cursor
            .map(|cursor| query.with("cursor", Some(&cursor.to_string()))),
        items: found
            .items
            .into_iter()
            .map(|one| item(one, &frame))
            .collect(),
        reconciliations: reconciliations(&visit, &frame).await?,
        frame,
    })
}

fn kind(visit: &Visit) -> Result<Option<Drift>, Trouble> {
    let parse = |word: &str| {
        let unknown = |_| {
            Problem::new(
                Code::InvalidRequest,
                format!("{word:?} is no kind of drift"),
            )
        };
        serde_json::from_value(word.into()).map_err(|why| unknown(why).into())
    };
    visit.query.one("kind").map(parse).transpose()
}

/// An item as it is shown.
pub(crate) fn item(view: DriftedView, frame: &Frame) -> Item {
    Item {
        place: view.place,
        content_path: segment(&view.content_id),
        content_id: view.content_id,
        environment: view.environment,
        locale: view.locale,
        destination: view.destination,
        tag: words::drift(view.kind),
        sentence: words::drift_sentence(view.kind),
        found: frame.when(&view.found_at),
        desired: format!(
            "generation {}, {}",
            view.desired_generation,
            plain(&view.desired_action)
        ),
        job_id: view.job_id.to_string(),
        url: view
            .url
            .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        adoptable: view.seen_fingerprint.is_some(),
        overwrites: matches!(view.kind, Drift::Diverged | Drift::Extra),
    }
}

async fn reconciliations(visit: &Visit, frame: &Frame) -> Result<Vec<Compared>, Trouble> {
    let slice = Slice {
        limit: RECONCILIATIONS,
        cursor: None,
    };
    let found = visit.doors.store.reconciliations(None, slice).await?.items;
    let own = found
        .into_iter()
        .filter(|one| serves(&visit.doors, &visit.signed.principal, &one.destination));
    Ok(own.map(|one| compared(one, frame)).collect())
}
