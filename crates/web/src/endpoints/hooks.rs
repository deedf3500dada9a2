//! `POST /hooks/{source}` and `POST /hooks/{source}/{token}`: webhooks from CMSs.
//!
//! Ensures that the body reaches the source's verification byte for byte, with the URL as its sender calls
//! it, and that the answer suits the sender: a fault of ours is never a refusal that it would take for
//! final, and nobody is told that the endpoint is gone for ever.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use slugline_core::problem::{Code, Problem};
use slugline_core::webhook::Incoming;
use slugline_engine::webhooks::{Receipt, ReceiptStatus, Sender};
use tokio::sync::SemaphorePermit;

use crate::app::Doors;
use crate::door::body::{self, Allowed};
use crate::door::client::{self, ClientNames, Peer};
use crate::door::outside;
use crate::door::path::Segment;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// Time for a body: senders give us 2 to 30 s for all of it.
const TIME: Duration = Duration::from_secs(10);
/// KiB of webhooks that are read at once. Nobody has proved anything yet: they must not take the room of
/// those who have a token.
pub(crate) const HOOK_MEMORY: u32 = 128 * 1024;
/// KiB of a request besides its body.
const OVERHEAD: u32 = 16;
/// Seconds after which a server that starts, stops or is busy is worth another try.
const RETRY_SECONDS: u64 = 5;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/hooks/{source}", hook)
}

/// For senders that sign nothing and cannot set headers.
pub(super) fn with_token() -> Endpoint {
    Endpoint::open_post("/hooks/{source}/{token}", hook_with_token)
}

async fn hook_with_token(
    State(doors): State<Arc<Doors>>,
    Segment(source): Segment,
    request: Request,
) -> Answered {
    if doors.webhooks.has_token_in_path(&source) {
        return hook(State(doors), Segment(source), request).await;
    }
    let detail = format!(
        "no [[source]] called {source:?} takes its secret from the URL; token_in_path makes it do so"
    );
    Err(Refusal::new(Code::NotFound, detail))
}

async fn hook(
    State(doors): State<Arc<Doors>>,
    Segment(source): Segment,
    request: Request,
) -> Answered {
    if !doors.is_ready() {
        return Err(later("the server is starting or stopping").into());
    }
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().copied();
    let from = client::address(peer, &parts.headers, &*doors.trusts);
    let names = parts.extensions.get::<ClientNames>().cloned();
    let sender = Sender {
        address: from,
        certificate_names: &names.unwrap_or_default().0,
    };
    let door = doors.webhooks.door(&source, &sender)?;
    let read = read(&doors, &parts.headers, body, door.max_body()).await;
    let (body, _memory) = read.map_err(|problem| door.refused(problem))?;
    let (url, headers) = (url(&doors, &parts), headers(&parts.headers));
    let incoming = Incoming::new(parts.method.as_str(), url, headers, body);
    let receipt = door.receive(incoming).await?;
    Ok((status(&receipt), Json(receipt)).into_response())
}

/// The body, with the memory that it takes until the webhook is dealt with.
async fn read<'d>(
    doors: &'d Doors,
    headers: &HeaderMap,
    body: Body,
    size: usize,
) -> Result<(Bytes, SemaphorePermit<'d>), Problem> {
    body::require_plain(headers)?;
    let memory = doors.hook_memory.try_acquire_many(memory(size, headers));
    let memory = memory.map_err(|_| later("too many webhooks are being read"))?;
    let allowed = Allowed { size, time: TIME };
    match body::read(body, headers, allowed).await {
        Ok(body) => Ok((body, memory)),
        // Whose fault it is cannot be told, and some senders take any 4xx for final.
        Err(slow) if slow.code == Code::RequestTimeout => Err(later(&slow.detail)),
        Err(large) if large.code == Code::TooLarge => {
            let detail = format!("{}, which is max_body of this source", large.detail);
            Err(Problem { detail, ..large })
        }
        Err(problem) => Err(problem),
    }
}

fn later(why: &str) -> Problem {
    let problem = Problem::new(Code::Unavailable, format!("{why}; nothing was stored"));
    problem.retry_after(RETRY_SECONDS)
}

/// The URL as the sender calls it: some sign it.
fn url(doors: &Doors, parts: &Parts) -> String {
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    format!("{}{target}", outside::url(doors, &parts.headers))
}

/// All of them: one that is no text is a second one all the same.
fn headers(headers: &HeaderMap) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
}

/// KiB that a request may take while it is read and dealt with: what it declares, else the most.
fn memory(most: usize, headers: &HeaderMap) -> u32 {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    let declared = declared.and_then(|length| length.parse().ok());
    let bytes = declared.map_or(most, |length: usize| length.min(most));
    u32::try_from(bytes / 1024).map_or(HOOK_MEMORY, |kib| (kib + OVERHEAD).min(HOOK_MEMORY))
}

fn status(receipt: &Receipt) -> StatusCode {
    let under_way = matches!(receipt.status, ReceiptStatus::Ok | ReceiptStatus::Received);
    match under_way && !receipt.only_ok {
        true => StatusCode::ACCEPTED,
        false => StatusCode::OK,
    }
}
