//! `/jobs/{id}`: one job: why it is as it is, each of its runs, and what it left at the destination.

use askama::Template;
use axum::extract::Path;
use slugline_core::ids::JobId;

use super::frame::{Frame, Room, Visit};
use super::jobs::{self, Card};
use super::notes::{self, Note};
use super::page::{self, Shown, Trouble, segment};
use crate::router::Endpoint;

#[derive(Template)]
#[template(path = "job.html")]
struct Page {
    frame: Frame,
    card: Card,
    content_id: String,
    content_path: String,
    environment: String,
    locale: String,
    publish_id: String,
    request_id: String,
    action: String,
    version: String,
    generation: String,
    class: &'static str,
    notes: Vec<Note>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/jobs/{id}", None, job)
}

async fn job(visit: Visit, Path(id): Path<String>) -> Shown {
    let absent = || Trouble::absent(&format!("job {id:?}"));
    let known: JobId = id.parse().map_err(|_| absent())?;
    let detail = visit
        .doors
        .store
        .job(visit.owner(), known)
        .await?
        .ok_or_else(absent)?;
    let room = match detail.job.suggested_action {
        Some(_) => Room::DeadLetters,
        None => Room::Content,
    };
    let frame = visit.frame(
        room,
        format!("{} at {}", detail.about.content_id, detail.job.destination),
    );
    let notes = notes::of_job(&visit.doors, &frame, &detail).await?;
    page::show(&Page {
        content_path: segment(&detail.about.content_id),
        content_id: detail.about.content_id.clone(),
        environment: detail.about.environment.clone(),
        locale: detail.about.locale.clone(),
        publish_id: detail.about.publish_id.to_string(),
        request_id: detail.about.request_id.clone(),
        action: jobs::action(detail.about.action),
        version: detail.about.version.to_string(),
        generation: detail.about.generation.to_string(),
        class: detail.about.class.as_str(),
        notes,
        card: jobs::whole(detail, frame.now),
        frame,
    })
}
