//! `GET /v1/dead-letters`: failed jobs that wait for a person, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_core::item::Class;
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;
use slugline_engine::store::DeadLetterFilter;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::query::{List, Params, page};
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

/// The filters; several must all hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    content_id: Option<String>,
    request_id: Option<String>,
    destination: Option<String>,
    reason: Option<Reason>,
    class: Option<Class>,
    environment: Option<String>,
    before: Option<Timestamp>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/dead-letters", Some(Role::Viewer), dead_letters)
}

async fn dead_letters(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Params(wanted): Params<Wanted>,
) -> Answered {
    let page = page(wanted.limit, wanted.cursor.as_deref())?;
    let filter = DeadLetterFilter {
        owner: principal.caller.owner.clone(),
        content_id: wanted.content_id,
        request_id: wanted.request_id,
        destination: wanted.destination,
        reason: wanted.reason,
        class: wanted.class,
        environment: wanted.environment,
        before: wanted.before,
    };
    Ok(Json(List::from(doors.store.dead_letters(filter, page).await?)).into_response())
}
