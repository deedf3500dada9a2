//! `POST /notes`: what was done about an item, and why; and how notes are shown.
//!
//! Ensures that a note is kept once it is said to be, and that it is shown as text.

use std::sync::Arc;

use axum::extract::State;
use slugline_core::ids::JobId;
use slugline_core::item::ItemKey;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::{JobDetail, NoteKind, NoteView};

use super::act::note;
use super::frame::Frame;
use super::page::{Shown, Trouble, go, segment};
use super::post::Posted;
use super::session;
use super::times::Moment;
use super::words::{Tag, Tone};
use crate::app::Doors;
use crate::door::role::Role;
use crate::endpoints::operator::notes::{SHOWN, keep};
use crate::router::Endpoint;

/// A note as it is shown.
pub(crate) struct Note {
    pub(crate) at: Moment,
    pub(crate) actor: String,
    pub(crate) tag: Tag,
    pub(crate) text: String,
    /// About which job.
    pub(crate) job: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/notes", write)
}

/// The notes on an item in all its environments and locales, newest first.
pub(crate) async fn of_content(
    doors: &Doors,
    frame: &Frame,
    content_id: &str,
) -> Result<Vec<Note>, Trouble> {
    let found = doors.store.notes(&frame.owner, content_id, SHOWN).await?;
    Ok(found.into_iter().map(|one| shown(one, frame)).collect())
}

/// The notes on a job, and those on its item that are about no other.
pub(crate) async fn of_job(
    doors: &Doors,
    frame: &Frame,
    job: &JobDetail,
) -> Result<Vec<Note>, Trouble> {
    let mut found = doors
        .store
        .notes(&frame.owner, &job.about.content_id, SHOWN)
        .await?;
    found.retain(|one| {
        (&one.environment, &one.locale) == (&job.about.environment, &job.about.locale)
            && one.job_id.is_none_or(|about| about == job.job.job_id)
    });
    Ok(found.into_iter().map(|one| shown(one, frame)).collect())
}

fn shown(view: NoteView, frame: &Frame) -> Note {
    let (tone, word) = match view.kind {
        NoteKind::Note => (Tone::Calm, "note"),
        NoteKind::Reason => (Tone::Calm, "reason"),
        NoteKind::Escalation => (Tone::Waits, "escalated"),
    };
    Note {
        at: frame.when(&view.at),
        actor: view.actor,
        tag: Tag { tone, word },
        text: view.text,
        job: view.job_id.map(|id| id.to_string()),
    }
}

async fn write(State(doors): State<Arc<Doors>>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let fields = &posted.fields;
    let caller = &posted.signed.principal.caller;
    let of = |name: &str| fields.text(name).unwrap_or_default();
    let item = ItemKey {
        owner: caller.owner.clone(),
        environment: of("environment"),
        content_id: of("content"),
        locale: of("locale"),
    };
    let empty = || Problem::new(Code::InvalidRequest, "the note is empty; say something");
    let text = note(fields)?.ok_or_else(empty)?;
    let absent = format!("content {:?} here", item.content_id);
    let content = segment(&item.content_id);
    let job = fields.one("job").and_then(|id| id.parse::<JobId>().ok());
    if !keep(&doors, caller, (item, job), text).await? {
        return Err(Trouble::absent(&absent));
    }
    let back = match job {
        Some(job) => format!("/jobs/{job}?said=noted"),
        None => format!("/content/{content}?said=noted"),
    };
    Ok(go(&session::base(&doors), &back))
}
