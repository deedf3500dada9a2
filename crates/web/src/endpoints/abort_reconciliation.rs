//! `POST /v1/reconciliations/{id}/abort`: ends a comparison that is under way.
//!
//! Ensures that what it has found and queued stays; one that has ended is answered as it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;

use super::reconciliation::{check_environment, destination, find};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/reconciliations/{id}/abort", Role::Operator, abort)
}

async fn abort(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
) -> Answered {
    let found = find(&doors, &principal, &id).await?;
    if let Some(known) = destination(&doors, &principal, &found.destination) {
        check_environment(&principal, &known)?;
    }
    let actor = &principal.caller.actor;
    let aborted = doors
        .store
        .abort_reconciliation(found.reconciliation_id, actor);
    let aborted = aborted.await?.unwrap_or(found);
    Ok(Json(aborted).into_response())
}
