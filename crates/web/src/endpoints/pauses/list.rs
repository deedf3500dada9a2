//! `GET /v1/pauses`: what is paused, by whom and why.
//!
//! Ensures that a caller sees what keeps its work from beginning: all that is wider than a content, and
//! its owner's contents.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use slugline_engine::store::Paged;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::query::List;
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

pub(in crate::endpoints) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/pauses", Some(Role::Viewer), list)
}

async fn list(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Answered {
    let owner = principal.caller.owner.clone();
    let paged = Paged {
        items: doors.store.pauses(Some(owner)).await?,
        next_cursor: None,
    };
    Ok(Json(List::from(paged)).into_response())
}
