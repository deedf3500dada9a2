//! `POST /sign-out`: ends the session, here and in the browser.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;

use super::page::{Shown, go};
use super::post::Posted;
use super::session;
use crate::app::Doors;
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/sign-out", sign_out)
}

async fn sign_out(State(doors): State<Arc<Doors>>, headers: HeaderMap, posted: Posted) -> Shown {
    doors.store.end_session(&posted.signed.hash).await?;
    let mut response = go(&session::base(&doors), "/sign-in?said=signed_out");
    response
        .headers_mut()
        .insert(SET_COOKIE, session::forget(&doors, &headers));
    Ok(response)
}
