//! `GET /v1/publishes`: publishes of the caller's owner, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_core::lifecycle::JobState;
use slugline_engine::store::PublishFilter;

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
    state: Option<JobState>,
    environment: Option<String>,
    locale: Option<String>,
    destination: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/publishes", Some(Role::Viewer), publishes)
}

async fn publishes(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Params(wanted): Params<Wanted>,
) -> Answered {
    let page = page(wanted.limit, wanted.cursor.as_deref())?;
    let filter = PublishFilter {
        owner: Some(principal.caller.owner.clone()),
        content_id: wanted.content_id,
        request_id: wanted.request_id,
        state: wanted.state,
        environment: wanted.environment,
        locale: wanted.locale,
        destination: wanted.destination,
    };
    Ok(Json(List::from(doors.store.publishes(filter, page).await?)).into_response())
}
