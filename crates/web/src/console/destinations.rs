//! `/destinations`: where content goes, how each is, and what it can do.

use askama::Template;
use slugline_core::connector::Repeat;
use slugline_core::item::Class;
use slugline_core::lifecycle::JobState;
use slugline_engine::store::Counts;

use super::configured::configured;
use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble};
use super::pause::Paused;
use super::times::{Moment, span};
use super::words::{self, Tag, plain};
use crate::endpoints::destinations::DestinationView;
use crate::endpoints::pauses::LONGEST_NOTE;
use crate::router::Endpoint;

#[derive(Template)]
#[template(path = "destinations.html")]
struct Page {
    frame: Frame,
    all: Vec<Health>,
    pauses: Vec<Paused>,
    /// What can be paused besides: everything, and the classes.
    running: Vec<(&'static str, &'static str)>,
    longest_note: usize,
}

/// A destination and how it is.
pub(crate) struct Health {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) environment: Option<String>,
    pub(crate) tag: Tag,
    pub(crate) since: Option<Moment>,
    pub(crate) next_try: Option<Moment>,
    pub(crate) last_error: Option<String>,
    pub(crate) concurrency: usize,
    pub(crate) most: usize,
    pub(crate) queued: u64,
    pub(crate) delivering: u64,
    pub(crate) pending: u64,
    pub(crate) failed: u64,
    pub(crate) facts: Vec<(&'static str, String)>,
    /// What the configuration sets.
    pub(crate) configured: Vec<(&'static str, String)>,
    pub(crate) paused: Option<Paused>,
}

impl Health {
    pub(crate) fn is_down(&self) -> bool {
        self.tag.word == "down"
    }

    pub(crate) fn is_up(&self) -> bool {
        self.tag.word == "up"
    }
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/destinations", None, destinations)
}

async fn destinations(visit: Visit) -> Shown {
    let counts = visit.doors.store.counts().await?;
    let frame = visit.frame(Room::Destinations, "Destinations");
    let pauses = pauses(&visit, &frame).await?;
    let is_paused = |what: &str, name: &str| {
        let mut known = pauses.iter();
        known.any(|one| (one.what, one.name.as_str()) == (what, name))
    };
    let everything = [("everything", "")].into_iter();
    let classes = Class::ALL.iter().map(|class| ("class", class.as_str()));
    let mut running: Vec<_> = everything.chain(classes).collect();
    running.retain(|(what, name)| !is_paused(what, name));
    let mut all = all(&visit, &counts);
    let (of_one, wider): (Vec<Paused>, Vec<Paused>) = pauses
        .into_iter()
        .partition(|one| one.what == "destination");
    for pause in of_one {
        if let Some(one) = all.iter_mut().find(|one| one.name == pause.name) {
            one.paused = Some(pause);
        }
    }
    page::show(&Page {
        pauses: wider,
        longest_note: LONGEST_NOTE,
        running,
        all,
        frame,
    })
}

/// The pauses that the visitor's work waits for, the widest first.
pub(crate) async fn pauses(visit: &Visit, frame: &Frame) -> Result<Vec<Paused>, Trouble> {
    let owner = visit.owner().to_owned();
    let found = visit.doors.store.pauses(Some(owner)).await?;
    Ok(found.iter().map(|one| Paused::of(one, frame)).collect())
}

/// The destinations that serve the visitor's owner. What waits there is everybody's together.
pub(crate) fn all(visit: &Visit, counts: &Counts) -> Vec<Health> {
    let serves = |view: &DestinationView| {
        view.owner
            .as_deref()
            .is_none_or(|owner| owner == visit.owner())
    };
    let all = visit.doors.destinations.list().into_iter().filter(serves);
    let now = visit.doors.store.now();
    all.map(|view| health(view, counts, now)).collect()
}

fn health(view: DestinationView, counts: &Counts, now: slugline_core::time::Timestamp) -> Health {
    let moment = |at| Moment { at, now };
    let count = |state: JobState| {
        let own = counts
            .jobs
            .iter()
            .filter(|((name, _, known), _)| *name == view.name && *known == state);
        own.map(|(_, count)| count).sum()
    };
    Health {
        queued: count(JobState::Queued),
        delivering: count(JobState::Delivering),
        pending: count(JobState::Pending),
        failed: count(JobState::Failed),
        facts: facts(&view),
        configured: configured(&view),
        kind: view.capabilities.kind,
        tag: words::health(view.health.state),
        since: view.health.since.map(moment),
        next_try: view.health.next_try_at.map(moment),
        last_error: view.health.last_error.filter(|_| view.health.state != "up"),
        concurrency: view.health.concurrency,
        most: view.settings.concurrency,
        environment: view.environment,
        name: view.name,
        paused: None,
    }
}

fn facts(view: &DestinationView) -> Vec<(&'static str, String)> {
    let (known, set) = (&view.capabilities, &view.settings);
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let mut facts = vec![
        (
            "Read back",
            if known.readable {
                "yes, field by field".to_owned()
            } else {
                "no: acknowledged at best".to_owned()
            },
        ),
        ("Drafts", yes(known.drafts)),
        ("One at a time", plain(&known.lane)),
        (
            "A write sent twice",
            match known.repeat {
                Repeat::LooksUp => "is looked up first".to_owned(),
                Repeat::Dedupes(window) => format!("is recognised for {}", span(window)),
                Repeat::Harmless => "changes nothing".to_owned(),
                Repeat::MayDuplicate => "may happen twice".to_owned(),
            },
        ),
        ("A request's time", span(set.timeout)),
        ("A late write may land within", span(set.commit_window)),
    ];
    if !set.verify_window.is_zero() {
        facts.push(("Readers may lag", span(set.verify_window)));
    }
    if !known.transforms.is_empty() {
        facts.push(("Changes by itself", known.transforms.join("; ")));
    }
    facts
}
