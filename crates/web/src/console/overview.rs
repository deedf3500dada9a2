//! `/`: what is live and what is not, what needs somebody, and how fast it goes.

use std::time::Duration;

use askama::Template;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::{
    Counts, DeadLetterFilter, EventFilter, Page as Slice, Standing, WebhookFilter, WebhookState,
};

use super::chart::{self, Chart};
use super::destinations::{self, Health};
use super::frame::{Frame, Room, Visit};
use super::jobs::{self, DeadLetter};
use super::page::{self, Shown, Trouble};
use super::pause::Paused;
use super::sources::{Unasked, unasked};
use super::story::{self, Told};
use super::times::span;
use crate::router::Endpoint;

/// Dead letters that stand here; the list has all.
const DEAD_LETTERS: usize = 5;
/// Failed webhooks that are counted here.
const WEBHOOKS: usize = 50;
/// Entries of the log that stand here.
const ENTRIES: usize = 8;

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    frame: Frame,
    sum: Sum,
    standing: Vec<Standing>,
    dead: Vec<DeadLetter>,
    /// What is paused, the widest first; contents are told on their pages.
    pauses: Vec<Paused>,
    webhooks: Failed,
    unasked: Vec<Unasked>,
    health: Vec<Health>,
    day: bool,
    charts: Vec<Chart>,
    entries: Vec<Told>,
}

/// Webhooks that could not be dealt with.
struct Failed {
    count: usize,
    /// Whether there are more than were counted.
    more: bool,
}

/// All together.
#[derive(Default)]
struct Sum {
    live: u64,
    on_the_way: u64,
    pending: u64,
    failed: u64,
    drifted: u64,
    down: usize,
    oldest: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/", None, overview)
}

async fn overview(visit: Visit) -> Shown {
    let (store, owner) = (&visit.doors.store, visit.owner());
    let frame = visit.frame(Room::Overview, "Overview");
    let day = is_day(&visit)?;
    let (count, each) = if day { (48, 1_800) } else { (30, 120) };
    let spans = chart::spans(frame.now, count, Duration::from_secs(each));
    let ran = store.spans(owner, spans.clone()).await?;
    let counts = store.counts().await?;
    let standing = store.standing(owner).await?;
    let health = destinations::all(&visit, &counts);
    let of_owner = EventFilter {
        owner: Some(owner.to_owned()),
        ..EventFilter::default()
    };
    let entries = store.recent(of_owner, slice(ENTRIES)).await?.items;
    let sources = visit.doors.webhooks.sources(owner);
    let mut pauses = destinations::pauses(&visit, &frame).await?;
    pauses.retain(|one| one.what != "content");
    page::show(&Page {
        pauses,
        webhooks: failed_webhooks(&visit).await?,
        unasked: sources
            .iter()
            .flat_map(|source| unasked(source, &frame))
            .collect(),
        sum: sum(&standing, &counts, &health, &frame),
        dead: dead_letters(&visit, &counts).await?,
        charts: vec![
            chart::throughput(&spans, &ran),
            chart::time_to_live(&spans, &ran),
        ],
        entries: story::told(entries, frame.now),
        standing,
        health,
        day,
        frame,
    })
}

fn slice(limit: usize) -> Slice {
    Slice {
        limit,
        cursor: None,
    }
}

fn is_day(visit: &Visit) -> Result<bool, Trouble> {
    match visit.query.one("range") {
        None | Some("hour") => Ok(false),
        Some("day") => Ok(true),
        Some(_) => Err(Problem::new(Code::InvalidRequest, "the range is hour or day").into()),
    }
}

fn sum(standing: &[Standing], counts: &Counts, health: &[Health], frame: &Frame) -> Sum {
    let add = |what: fn(&Standing) -> u64| standing.iter().map(what).sum();
    Sum {
        live: add(|one| one.live),
        on_the_way: add(|one| one.on_the_way),
        pending: add(|one| one.pending),
        failed: add(|one| one.failed),
        drifted: add(|one| one.drifted),
        down: health.iter().filter(|one| one.is_down()).count(),
        oldest: counts.oldest_due.map(|due| span(frame.now.since(due))),
    }
}

async fn failed_webhooks(visit: &Visit) -> Result<Failed, Trouble> {
    let filter = WebhookFilter {
        owner: Some(visit.owner().to_owned()),
        source: None,
        state: Some(WebhookState::Failed),
    };
    let found = visit.doors.store.webhooks(filter, slice(WEBHOOKS)).await?;
    Ok(Failed {
        count: found.items.len(),
        more: found.next_cursor.is_some(),
    })
}

/// The newest few; none are looked for where none are counted.
async fn dead_letters(visit: &Visit, counts: &Counts) -> Result<Vec<DeadLetter>, Trouble> {
    let dead = counts
        .jobs
        .iter()
        .filter(|((_, _, state), _)| *state == JobState::Failed);
    let dead: u64 = dead.map(|(_, count)| count).sum();
    if dead == 0 {
        return Ok(Vec::new());
    }
    let of_owner = DeadLetterFilter {
        owner: visit.owner().to_owned(),
        ..DeadLetterFilter::default()
    };
    let found = visit
        .doors
        .store
        .dead_letters(of_owner, slice(DEAD_LETTERS));
    let now = visit.doors.store.now();
    let found = found.await?.items.into_iter();
    Ok(found.map(|one| jobs::letter(one, now)).collect())
}
