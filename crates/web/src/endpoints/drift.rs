//! `GET /v1/drift`: what destinations show otherwise than desired.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_core::drift::Drift;
use slugline_engine::store::DriftFilter;

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
    destination: Option<String>,
    kind: Option<Drift>,
    environment: Option<String>,
    content_id: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/drift", Some(Role::Viewer), drift)
}

async fn drift(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Params(wanted): Params<Wanted>,
) -> Answered {
    let page = page(wanted.limit, wanted.cursor.as_deref())?;
    let filter = DriftFilter {
        owner: Some(principal.caller.owner.clone()),
        destination: wanted.destination,
        kind: wanted.kind,
        environment: wanted.environment,
        content_id: wanted.content_id,
        reconciliation: None,
    };
    Ok(Json(List::from(doors.store.drifted(filter, page).await?)).into_response())
}
