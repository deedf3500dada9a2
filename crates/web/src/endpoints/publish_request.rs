//! `GET /v1/publishes/{id}/request`: what was asked, byte for byte, for as long as it is kept.
//!
//! Ensures that a publish of another owner does not exist for the caller. What a webhook told was asked by us; the
//! webhook itself, with its headers, is `GET /v1/webhooks/{id}`.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use slugline_core::problem::Code;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/publishes/{id}/request", Some(Role::Viewer), request)
}

async fn request(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
) -> Answered {
    let owner = &principal.caller.owner;
    let found = doors.store.publish(owner, &id).await?;
    let absent = |what: String| move || Refusal::new(Code::NotFound, what);
    let publish = found.ok_or_else(absent(format!(
        "no publish has the id or request id {id:?}"
    )))?;
    let raw = doors.store.raw_request(owner, publish.publish_id).await?;
    let raw = raw.ok_or_else(absent(format!(
        "the request of {} is no longer kept; [retention] says for how long",
        publish.publish_id
    )))?;
    Ok(([(CONTENT_TYPE, "application/json")], raw).into_response())
}
