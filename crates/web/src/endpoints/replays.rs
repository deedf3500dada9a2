//! `GET /v1/replays`: the caller's replays, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::query::{List, Params, Slice};
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/replays", Some(Role::Viewer), replays)
}

async fn replays(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Params(slice): Params<Slice>,
) -> Answered {
    let found = doors.store.replays(&principal.caller.owner, slice.page()?);
    Ok(Json(List::from(found.await?)).into_response())
}
