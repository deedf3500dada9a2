//! `/publishes/{id}`: one publish, by its id or its request id, with what each destination made of it.

use askama::Template;
use axum::extract::Path;
use slugline_engine::headers::Headers;
use slugline_engine::store::{EventFilter, Page as Slice, PublishView};

use super::frame::{Frame, Room, Visit};
use super::jobs::{self, Card};
use super::page::{self, Shown, Trouble, segment};
use super::story::{self, Told};
use super::times::Moment;
use crate::router::Endpoint;

/// Jobs whose runs are shown here; the pages of the others have theirs.
const WHOLE: usize = 12;
/// Entries of the story.
const ENTRIES: usize = 40;

/// A request as it came.
struct AsItCame {
    headers: Headers,
    body: String,
}

#[derive(Template)]
#[template(path = "publish.html")]
struct Page {
    frame: Frame,
    publish: PublishView,
    content_path: String,
    action: String,
    publish_at: Option<Moment>,
    cards: Vec<Card>,
    entries: Vec<Told>,
    /// The request as it came, where it is still kept.
    raw: Option<AsItCame>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/publishes/{id}", None, publish)
}

async fn publish(visit: Visit, Path(id): Path<String>) -> Shown {
    let (store, owner) = (&visit.doors.store, visit.owner());
    let found = store.publish(owner, &id).await?;
    let publish = found
        .ok_or_else(|| Trouble::absent(&format!("publish with the id or request id {id:?}")))?;
    let frame = visit.frame(Room::Content, format!("Publish {}", publish.publish_id));
    let mut cards = Vec::new();
    for job in &publish.jobs {
        let whole = match cards.len() < WHOLE {
            true => store.job(owner, job.job_id).await?,
            false => None,
        };
        cards.push(match whole {
            Some(detail) => jobs::whole(detail, frame.now),
            None => jobs::card(job.clone(), frame.now),
        });
    }
    let of_request = EventFilter {
        owner: Some(owner.to_owned()),
        request_id: Some(publish.request_id.clone()),
        ..EventFilter::default()
    };
    let entries = store
        .recent(
            of_request,
            Slice {
                limit: ENTRIES,
                cursor: None,
            },
        )
        .await?
        .items;
    let raw = store.raw_request(owner, publish.publish_id).await?;
    page::show(&Page {
        raw: raw.map(|raw| AsItCame {
            headers: raw.headers,
            body: String::from_utf8_lossy(&raw.body).into_owned(),
        }),
        content_path: segment(&publish.content_id),
        action: jobs::action(publish.action),
        publish_at: publish.publish_at.map(|at| frame.when(&at)),
        entries: story::told(entries, frame.now),
        cards,
        publish,
        frame,
    })
}
