//! `POST /hooks/{source}`: webhooks from CMSs.
//!
//! Ensures that the body reaches the source's verification byte for byte, with the URL as its sender calls
//! it, and that the answer suits the sender: a fault of ours is never a refusal that it would take for
//! final, and nobody is told that the endpoint is gone for ever.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use slugline_core::problem::{Code, Problem};
use slugline_core::webhook::Incoming;
use slugline_engine::webhooks::{Receipt, ReceiptStatus};

use crate::app::Doors;
use crate::door::body::{self, Allowed};
use crate::door::client::{self, Peer};
use crate::door::path::Segment;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// Time for a body: senders give us 2 to 30 s for all of it.
const TIME: Duration = Duration::from_secs(10);
/// Seconds after which a server that starts, stops or is busy is worth another try.
const RETRY_SECONDS: u64 = 5;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/hooks/{source}", hook)
}

async fn hook(
    State(doors): State<Arc<Doors>>,
    Segment(source): Segment,
    request: Request,
) -> Answered {
    let Ok(_place) = doors.in_flight.try_acquire() else {
        return Err(later("too many requests are being answered"));
    };
    if !doors.is_ready() {
        return Err(later("the server is starting or stopping"));
    }
    let (parts, body) = request.into_parts();
    body::require_plain(&parts.headers)?;
    let allowed = Allowed {
        size: doors.limits.publish_bytes,
        time: TIME,
    };
    let body = body::read(body, &parts.headers, allowed).await?;
    let peer = parts.extensions.get::<Peer>().copied();
    let from = client::address(peer, &parts.headers, &*doors.trusts);
    let url = url(&doors, &parts);
    let headers = headers(&parts.headers);
    let incoming = Incoming::new(parts.method.as_str(), url, headers, body);
    let receipt = doors.webhooks.receive(&source, from, incoming).await?;
    Ok((status(&receipt), Json(receipt)).into_response())
}

fn later(why: &str) -> Refusal {
    let problem = Problem::new(Code::Unavailable, format!("{why}; nothing was stored"));
    problem.retry_after(RETRY_SECONDS).into()
}

/// The URL as the sender calls it: some sign it.
fn url(doors: &Doors, parts: &Parts) -> String {
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    match &doors.public_url {
        Some(url) => format!("{url}{target}"),
        None => {
            let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
            format!("http://{}{target}", host.unwrap_or_default())
        }
    }
}

/// Those that are text. No vendor signs others.
fn headers(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}

fn status(receipt: &Receipt) -> StatusCode {
    let under_way = matches!(receipt.status, ReceiptStatus::Ok | ReceiptStatus::Received);
    match under_way && !receipt.only_ok {
        true => StatusCode::ACCEPTED,
        false => StatusCode::OK,
    }
}
