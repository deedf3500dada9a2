//! `GET /v1/publishes/{id}`: one publish with its jobs, by its id or by its request id.
//!
//! Ensures that a publish of another owner does not exist for the caller.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use slugline_core::problem::Code;
use slugline_engine::store::PublishView;

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
    let found = find(&doors, &principal, &id).await?;
    Ok(Json(found).into_response())
}

/// A publish of the caller's owner, by its id or its request id.
pub(super) async fn find(
    doors: &Doors,
    principal: &Principal,
    id: &str,
) -> Result<PublishView, Refusal> {
    let found = doors.store.publish(&principal.caller.owner, id).await?;
    found.ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            format!("no publish has the id or request id {id:?}"),
        )
    })
}
