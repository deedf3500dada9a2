//! `GET /v1/publishes/{id}`: one publish with its jobs, by its id or by its request id.
//!
//! Ensures that a publish of another owner does not exist for the caller.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use slugline_core::problem::Code;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/publishes/{id}", Some(Role::Viewer), publish)
}

async fn publish(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
) -> Answered {
    let found = doors.store.publish(&principal.caller.owner, &id).await?;
    let absent = || {
        Refusal::new(
            Code::NotFound,
            format!("no publish has the id or request id {id:?}"),
        )
    };
    Ok(Json(found.ok_or_else(absent)?).into_response())
}
