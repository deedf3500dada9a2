//! `POST /v1/webhooks/{id}/retry`: deals with a webhook again, as it came.
//!
//! Ensures that what was accepted of it the first time stays as it is: its keys are the same. One whose words were
//! erased is left alone.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use slugline_core::problem::Code;

use super::webhook::{absent, parse};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
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
    let caller = &principal.caller;
    let found = doors.store.webhook(&caller.owner, id).await?;
    let source = found.ok_or_else(|| absent(id))?.view.source;
    let environment = doors.webhooks.environment(&source).unwrap_or_default();
    let mut own = caller.environments.iter();
    if !caller.environments.is_empty() && !own.any(|own| own == environment) {
        let detail = format!(
            "this token may write to {}, not to that of source {source:?}",
            caller.environments.join(", ")
        );
        return Err(Refusal::new(Code::Forbidden, detail));
    }
    if !doors.store.redo_webhook(&caller.owner, id).await? {
        let detail = format!("the words of {id} were erased: nothing is left to deal with");
        return Err(Refusal::new(Code::IllegalState, detail));
    }
    tracing::info!(webhook = %id, by = principal.name, "a webhook is dealt with again");
    Ok(StatusCode::ACCEPTED.into_response())
}
