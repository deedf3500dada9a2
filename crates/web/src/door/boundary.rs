//! The outermost layer: what is said about every request.
//!
//! Ensures that each request has an id, a span, one log line, one count, and an answer with the
//! usual headers, even when its handler panics. Never logs headers, query strings or bodies.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use slugline_core::problem::{Code, Problem};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::request_id::X_REQUEST_ID;
use super::{headers, path};
use crate::app::Doors;
use crate::console;
use crate::measures;
use crate::refusal::Refusal;

/// The route of requests for which there is none: a path from outside is no label.
const UNMATCHED: &str = "unmatched";

/// Wraps every route and fallback.
pub(crate) async fn boundary(
    State(doors): State<Arc<Doors>>,
    request: Request,
    next: Next,
) -> Response {
    let started = doors.clock.monotonic();
    let id = doors.request_ids.of(request.headers());
    let method = measures::method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = span(&request, &id);

    let handled = AssertUnwindSafe(next.run(request).instrument(span.clone()))
        .catch_unwind()
        .await;
    let response = handled.unwrap_or_else(|_| panicked());
    let mut response = console::explained(&doors, response);

    headers::secure(response.headers_mut());
    response.headers_mut().insert(X_REQUEST_ID, id);
    let took = doors.clock.monotonic().saturating_sub(started);
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    measures::request(route, method, response.status(), took);
    span.in_scope(|| log(route, &response, took));
    response
}

/// `content_id` and `request_id` are those of a publish; intake fills them in. `webhook_secret`: the name of
/// the secret that proved a webhook.
fn span(request: &Request, id: &HeaderValue) -> Span {
    let id = id.to_str().unwrap_or_default();
    tracing::info_span!(
        "http",
        http_request_id = id,
        method = %request.method(),
        path = &*path::shown(request.uri().path()),
        content_id = Empty,
        request_id = Empty,
        webhook_secret = Empty,
    )
}

fn panicked() -> Response {
    Refusal::new(Code::Internal, "the server failed at this request; whether it was stored is unknown: repeat it with the same key").into_response()
}

/// One line a request. What was answered only for those who look closely: publishes are in the record
/// and all are counted, and at ten thousand a second a line each would cost more than it tells.
fn log(route: &str, response: &Response, took: Duration) {
    let status = response.status().as_u16();
    let millis = took.as_secs_f64() * 1_000.0;
    match response.extensions().get::<Problem>() {
        Some(problem) if status >= 500 => tracing::error!(
            route,
            status,
            millis,
            code = problem.code.as_str(),
            detail = problem.detail,
            "failed"
        ),
        Some(problem) => tracing::info!(
            route,
            status,
            millis,
            code = problem.code.as_str(),
            "refused"
        ),
        None => tracing::debug!(route, status, millis, "answered"),
    }
}
