//! `POST /v1/reconciliations/{id}/abort`: ends a comparison that is under way.
//!
//! Ensures that what it has found and queued stays; one that has ended is answered as it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use slugline_engine::store::{ReconciliationState, ReconciliationView};

use super::reconciliation::{check_environment, destination, find};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/reconciliations/{id}/abort", Role::Operator, abort)
}

async fn abort(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
) -> Answered {
    let (ended, _) = end(&doors, &principal, &id).await?;
    Ok(Json(ended).into_response())
}

/// Ends the comparison that a path names; as it is then, and whether it was this that ended it.
pub(crate) async fn end(
    doors: &Doors,
    principal: &Principal,
    id: &str,
) -> Result<(ReconciliationView, bool), Refusal> {
    let found = find(doors, principal, id).await?;
    if let Some(known) = destination(doors, principal, &found.destination) {
        check_environment(principal, &known)?;
    }
    let (was, id) = (found.state, found.reconciliation_id);
    let actor = &principal.caller.actor;
    let aborted = doors.store.abort_reconciliation(id, actor).await?;
    let aborted = aborted.unwrap_or(found);
    let ended_by_this =
        (was, aborted.state) == (ReconciliationState::Running, ReconciliationState::Aborted);
    if ended_by_this {
        tracing::info!(reconciliation = %id, by = principal.name, "a reconciliation was aborted");
    }
    Ok((aborted, ended_by_this))
}
