//! `/content/{content_id}`: one item: what is live where, its versions, and its story.

use askama::Template;
use axum::extract::Path;
use slugline_core::item::Action;
use slugline_core::pause::Pausable;
use slugline_engine::store::{ContentView, EventFilter, Page as Slice, Pause, RevisionView};

use super::frame::{Frame, Room, Visit};
use super::jobs::{self, Card};
use super::notes::{self, Note};
use super::page::{self, Shown, Trouble, segment};
use super::pause::Paused;
use super::story::{self, Told};
use super::words::Tag;
use crate::router::Endpoint;

/// Versions that are listed.
const VERSIONS: usize = 50;
/// Entries of the timeline.
const ENTRIES: usize = 50;

#[derive(Template)]
#[template(path = "content.html")]
struct Page {
    frame: Frame,
    content_id: String,
    items: Vec<Item>,
    notes: Vec<Note>,
    entries: Vec<Told>,
    more_entries: bool,
}

/// The item in one environment and locale.
struct Item {
    environment: String,
    locale: String,
    version: String,
    generation: String,
    action: String,
    slug: Option<String>,
    source: String,
    title: Option<String>,
    places: Vec<Place>,
    versions: Vec<Version>,
    more_versions: bool,
    /// The pauses of it: in this locale, and in all.
    pauses: Vec<Paused>,
    /// Whether it can still be paused here.
    runs: bool,
}

/// The item at a destination.
struct Place {
    destination: String,
    desired: String,
    desired_action: String,
    shown: Option<String>,
    in_sync: bool,
    drift: Option<(Tag, &'static str)>,
    card: Option<Card>,
}

/// A revision.
struct Version {
    generation: String,
    version: String,
    action: String,
    accepted: super::times::Moment,
    request_id: String,
    request_path: String,
    title: Option<String>,
    /// The query that compares it with the one before.
    diff: Option<String>,
    has_body: bool,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/content/{*content_id}", None, content)
}

async fn content(visit: Visit, Path(content_id): Path<String>) -> Shown {
    let (store, owner) = (&visit.doors.store, visit.owner());
    let found = store.content(owner, &content_id).await?;
    if found.is_empty() {
        return Err(Trouble::absent(&format!("content {content_id:?}")));
    }
    let frame = visit.frame(Room::Content, content_id.clone());
    let slice = Slice {
        limit: VERSIONS,
        cursor: None,
    };
    let revisions = store.revisions(owner, &content_id, slice).await?;
    let of_item = EventFilter {
        owner: Some(owner.to_owned()),
        content_id: Some(content_id.clone()),
        ..EventFilter::default()
    };
    let entries = store
        .recent(
            of_item,
            Slice {
                limit: ENTRIES,
                cursor: None,
            },
        )
        .await?;
    let more = revisions.next_cursor.is_some();
    let pauses = store.pauses(Some(owner.to_owned())).await?;
    let own = |pause: &&Pause| matches!(&pause.of, Pausable::Content { content_id: own, .. } if *own == content_id);
    let pauses: Vec<&Pause> = pauses.iter().filter(own).collect();
    let item = |view: ContentView| {
        let pauses = paused(&view, &pauses, &frame);
        Item {
            runs: pauses.iter().all(|one| one.locale.is_empty()),
            pauses,
            ..item(view, &revisions.items, more, &frame)
        }
    };
    let notes = notes::of_content(&visit.doors, &frame, &content_id).await?;
    page::show(&Page {
        items: found.into_iter().map(item).collect(),
        entries: story::told(entries.items, frame.now),
        more_entries: entries.next_cursor.is_some(),
        notes,
        content_id,
        frame,
    })
}

/// The pauses that cover an item here.
fn paused(view: &ContentView, pauses: &[&Pause], frame: &Frame) -> Vec<Paused> {
    let shown = pauses.iter().map(|pause| Paused::of(pause, frame));
    shown
        .filter(|one| one.environment == view.environment)
        .filter(|one| one.locale.is_empty() || one.locale == view.locale)
        .collect()
}

fn item(view: ContentView, revisions: &[RevisionView], more_versions: bool, frame: &Frame) -> Item {
    let own: Vec<&RevisionView> = revisions
        .iter()
        .filter(|one| one.environment == view.environment && one.locale == view.locale)
        .collect();
    let versions = own.iter().enumerate().map(|(place, one)| {
        let before = own
            .iter()
            .skip(place + 1)
            .find(|before| before.payload.is_some());
        version(&view, one, before.copied(), frame)
    });
    Item {
        title: own
            .iter()
            .find_map(|one| one.payload.as_ref())
            .map(|payload| payload.title.clone()),
        versions: versions.collect(),
        more_versions,
        pauses: Vec::new(),
        runs: true,
        version: view.version.to_string(),
        generation: view.generation.to_string(),
        action: jobs::action(view.action),
        slug: view.slug,
        source: view.source,
        environment: view.environment,
        locale: view.locale,
        places: view
            .destinations
            .into_iter()
            .map(|at| Place {
                destination: at.destination,
                desired: at.desired_generation.to_string(),
                desired_action: match at.desired_action {
                    Action::Publish => "publish".to_owned(),
                    other => jobs::action(other),
                },
                shown: at.shown_generation.map(|generation| generation.to_string()),
                in_sync: at.in_sync,
                drift: at.drift.map(|drift| jobs::drifted(drift.kind)),
                card: at.job.map(|job| jobs::card(job, frame.now)),
            })
            .collect(),
    }
}

fn version(
    item: &ContentView,
    one: &RevisionView,
    before: Option<&RevisionView>,
    frame: &Frame,
) -> Version {
    let diff = before.filter(|_| one.payload.is_some()).map(|before| {
        format!(
            "content={}&environment={}&locale={}&from={}&to={}",
            segment(&item.content_id),
            segment(&item.environment),
            segment(&item.locale),
            before.generation,
            one.generation
        )
    });
    Version {
        generation: one.generation.to_string(),
        version: one.version.to_string(),
        action: jobs::action(one.action),
        accepted: frame.when(&one.accepted_at),
        request_path: segment(&one.request_id),
        request_id: one.request_id.clone(),
        title: one.payload.as_ref().map(|payload| payload.title.clone()),
        has_body: one.payload.is_some(),
        diff,
    }
}
