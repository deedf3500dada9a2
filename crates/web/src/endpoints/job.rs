//! `GET /v1/jobs/{id}`: one job with its attempts and effects.
//!
//! Ensures that a job of another owner does not exist for the caller.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use slugline_core::ids::JobId;
use slugline_core::problem::Code;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/jobs/{id}", Some(Role::Viewer), job)
}

async fn job(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
) -> Answered {
    let known: JobId = id
        .parse()
        .map_err(|why: String| Refusal::new(Code::NotFound, why))?;
    let found = doors.store.job(&principal.caller.owner, known).await?;
    let absent = || Refusal::new(Code::NotFound, format!("there is no job {id}"));
    Ok(Json(found.ok_or_else(absent)?).into_response())
}
