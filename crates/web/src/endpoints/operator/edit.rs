//! `POST /v1/jobs/{id}/edit`: a job's content as a person has changed it, as a new generation.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Request, State};

use super::rollback::accepted;
use super::{bytes, check_note, decode, job_id, key_of};
use crate::app::Doors;
use crate::door::body::Allowed;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/jobs/{id}/edit", Role::Operator, edit)
}

async fn edit(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
    request: Request,
) -> Answered {
    let job = job_id(&id)?;
    let allowed = Allowed {
        size: doors.limits.publish_bytes,
        time: Duration::from_secs(30),
    };
    let (headers, raw) = bytes(request, allowed).await?;
    let wanted: slugline_engine::desk::EditRequest = decode(&raw)?;
    check_note(wanted.note.as_deref())?;
    let key = key_of(&headers)?;
    let decided = doors
        .desk
        .edit(&principal.caller, job, wanted, (key.as_deref(), raw))
        .await?;
    tracing::info!(job = %id, by = principal.name, "an operator edited");
    Ok(accepted(decided))
}
