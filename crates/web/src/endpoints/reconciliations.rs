//! `GET /v1/reconciliations`: comparisons of destinations with what is desired there, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::reconciliation::serves;
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::query::{List, Params, page};
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

/// The filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    destination: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/reconciliations", Some(Role::Viewer), reconciliations)
}

async fn reconciliations(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Params(wanted): Params<Wanted>,
) -> Answered {
    let page = page(wanted.limit, wanted.cursor.as_deref())?;
    let found = doors.store.reconciliations(wanted.destination, page);
    let mut found = found.await?;
    found
        .items
        .retain(|view| serves(&doors, &principal, &view.destination));
    Ok(Json(List::from(found)).into_response())
}
