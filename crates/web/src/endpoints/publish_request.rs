//! `GET /v1/publishes/{id}/request`: what was asked, byte for byte, for as long as it is kept.
//!
//! Ensures that a publish of another owner does not exist for the caller. What a webhook told was asked by us; the
//! webhook itself, with its headers, is `GET /v1/webhooks/{id}`.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use slugline_core::problem::Code;

use super::publish_status::find;
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
    let publish = find(&doors, &principal, &id).await?.publish_id;
    let raw = doors.store.raw_request(&principal.caller.owner, publish);
    let absent = || {
        Refusal::new(
            Code::NotFound,
            format!("the request of {publish} is no longer kept; [retention] says for how long"),
        )
    };
    let raw = raw.await?.ok_or_else(absent)?;
    Ok(([(CONTENT_TYPE, "application/json")], raw).into_response())
}
