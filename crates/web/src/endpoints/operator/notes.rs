//! `GET` and `POST /v1/content/{content_id}/notes`, `POST /v1/jobs/{id}/notes`: the fix taken, and why.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use slugline_core::ids::JobId;
use slugline_core::item::ItemKey;
use slugline_core::problem::Code;
use slugline_engine::intake::{Caller, require_environment};
use slugline_engine::store::{NewNote, NoteView};

use super::{ORDER, bytes, check_note, decode, job_id};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// Notes that are shown at once.
pub(crate) const SHOWN: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    note: String,
    environment: Option<String>,
    locale: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    items: Vec<NoteView>,
    next_cursor: Option<String>,
}

pub(super) fn of_job() -> Endpoint {
    Endpoint::post("/v1/jobs/{id}/notes", Role::Operator, write_of_job)
}

/// What was written about a content.
pub(in crate::endpoints) async fn list(doors: &Doors, owner: &str, content_id: &str) -> Answered {
    let items = doors.store.notes(owner, content_id, SHOWN).await?;
    let next_cursor = None;
    Ok(Json(Listed { items, next_cursor }).into_response())
}

/// Writes a note about a content.
pub(in crate::endpoints) async fn write_of_content(
    doors: &Doors,
    principal: &Principal,
    id: &str,
    request: Request,
) -> Answered {
    let (_, raw) = bytes(request, ORDER).await?;
    let wanted: Wanted = decode(&raw)?;
    let caller = &principal.caller;
    let found = doors.store.content(&caller.owner, id).await?;
    let is = |named: &Option<String>, own: &String| named.as_ref().is_none_or(|named| named == own);
    let item = found.into_iter().find(|item| {
        is(&wanted.environment, &item.environment) && is(&wanted.locale, &item.locale)
    });
    let item = item
        .ok_or_else(|| Refusal::new(Code::NotFound, format!("there is no content {id:?} here")))?;
    let key = ItemKey {
        owner: item.owner,
        environment: item.environment,
        content_id: item.content_id,
        locale: item.locale,
    };
    write(doors, caller, (key, None), wanted.note).await
}

async fn write_of_job(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
    request: Request,
) -> Answered {
    let (_, raw) = bytes(request, ORDER).await?;
    let wanted: Wanted = decode(&raw)?;
    let caller = &principal.caller;
    let about = job_id(&id)?;
    let found = doors.store.job(&caller.owner, about).await?;
    let job = found.ok_or_else(|| Refusal::new(Code::NotFound, format!("there is no job {id}")))?;
    let key = ItemKey {
        owner: caller.owner.clone(),
        environment: job.about.environment,
        content_id: job.about.content_id,
        locale: job.about.locale,
    };
    write(&doors, caller, (key, Some(about)), wanted.note).await
}

async fn write(
    doors: &Doors,
    caller: &Caller,
    about: (ItemKey, Option<JobId>),
    text: String,
) -> Answered {
    keep(doors, caller, about, text).await?;
    Ok(StatusCode::CREATED.into_response())
}

/// Keeps a note about an item of the caller's, or a job of its; `false` when there is no such item.
pub(crate) async fn keep(
    doors: &Doors,
    caller: &Caller,
    (item, job): (ItemKey, Option<JobId>),
    text: String,
) -> Result<bool, Refusal> {
    check_note(Some(&text))?;
    require_environment(&caller.environments, &item.environment)?;
    let actor = caller.actor.clone();
    let note = NewNote {
        item,
        job,
        actor,
        text,
    };
    Ok(doors.store.write_note(note).await?)
}
