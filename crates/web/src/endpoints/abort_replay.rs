//! `POST /v1/replays/{id}/abort`: ends a replay that is under way.
//!
//! Ensures that what it has queued stays; one that has ended is answered as it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use slugline_engine::store::{ReplayState, ReplayView};

use super::replay::find;
use super::start_replay::check_environment;
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/replays/{id}/abort", Role::Operator, abort)
}

async fn abort(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
) -> Answered {
    Ok(Json(end(&doors, &principal, &id).await?).into_response())
}

/// Ends the replay that a path names; as it is then.
pub(crate) async fn end(
    doors: &Doors,
    principal: &Principal,
    id: &str,
) -> Result<ReplayView, Refusal> {
    let found = find(doors, principal, id).await?;
    check_environment(principal, found.record.filter.environment.as_deref())?;
    if found.state != ReplayState::Running {
        return Ok(found);
    }
    let caller = &principal.caller;
    let aborted = doors
        .store
        .abort_replay(&caller.owner, found.replay_id, &caller.actor);
    let aborted = aborted.await?.unwrap_or(found);
    tracing::info!(replay = %aborted.replay_id, by = principal.name, "a replay was aborted");
    Ok(aborted)
}
