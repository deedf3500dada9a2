//! `POST /v1/webhooks/{id}/retry`: deals with a webhook again, as it came.
//!
//! Ensures that what was accepted of it the first time stays as it is: its keys are the same.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::webhook::{absent, parse};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/webhooks/{id}/retry", Role::Operator, retry)
}

async fn retry(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
) -> Answered {
    let id = parse(&id)?;
    if !doors
        .store
        .redo_webhook(&principal.caller.owner, id)
        .await?
    {
        return Err(absent(id));
    }
    tracing::info!(webhook = %id, by = principal.name, "a webhook is dealt with again");
    Ok(StatusCode::ACCEPTED.into_response())
}
