//! `GET /v1/sources`: the configured sources of the caller's owner, with what came from them to this node.

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

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/sources", Some(Role::Viewer), sources)
}

async fn sources(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Answered {
    let all = Paged {
        items: doors.webhooks.sources(&principal.caller.owner),
        next_cursor: None,
    };
    Ok(Json(List::from(all)).into_response())
}
