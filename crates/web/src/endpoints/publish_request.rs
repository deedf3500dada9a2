//! `GET /v1/publishes/{id}/request`: what was asked, byte for byte, for as long as it is kept; with `Accept: message/http`
//! (RFC 9112, section 10.1) the headers too that it came with, as far as they are kept.
//!
//! Ensures that a publish of another owner does not exist for the caller. What a webhook told was asked by us; the
//! webhook itself, with its headers, is `GET /v1/webhooks/{id}`.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::IntoResponse;
use slugline_core::problem::Code;
use slugline_engine::store::RawRequest;

use super::publish_status::find;
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

const MESSAGE: &str = "message/http";

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/publishes/{id}/request", Some(Role::Viewer), request)
}

async fn request(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
    asked: HeaderMap,
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
    let accepts = asked.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    Ok(match accepts {
        Some(MESSAGE) => ([(CONTENT_TYPE, MESSAGE)], message(&raw)).into_response(),
        _ => ([(CONTENT_TYPE, "application/json")], raw.body).into_response(),
    })
}

/// The request as a message of HTTP/1.1, whichever version it came by.
fn message(raw: &RawRequest) -> Vec<u8> {
    let lines = raw.headers.iter();
    let lines: String = lines
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!("POST /v1/publish HTTP/1.1\r\n{lines}\r\n");
    [head.as_bytes(), &raw.body].concat()
}
