//! What operators do: with jobs, and with contents.
//!
//! Ensures that each action says who takes it, and that one which was decided on an old page changes
//! nothing.

mod act;
mod dead_letters;
mod edit;
pub(super) mod erase;
pub(crate) mod notes;
mod release;
pub(super) mod rollback;

use axum::extract::Request;
use axum::http::HeaderMap;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use slugline_core::ids::JobId;
use slugline_core::problem::Code;
use std::time::Duration;

use crate::door::body::{self, Allowed, decode};
use crate::refusal::Refusal;
use crate::router::Endpoint;

/// Characters of a note: a paragraph or two; more belongs into a ticket.
pub(crate) const MAX_NOTE: usize = 2_000;

/// A note and a few numbers.
const ORDER: Allowed = Allowed {
    size: 16 * 1024,
    time: Duration::from_secs(10),
};

/// All of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = act::endpoints();
    all.extend([
        act::revert(),
        edit::endpoint(),
        notes::of_job(),
        dead_letters::endpoint(),
        release::endpoint(),
    ]);
    all
}

/// A job's id in a path.
fn job_id(id: &str) -> Result<JobId, Refusal> {
    id.parse()
        .map_err(|why: String| Refusal::new(Code::NotFound, why))
}

/// The `Idempotency-Key`, if there is one.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let key = slugline_core::request::parse_key_header(text).map_err(Refusal::from)?;
    Ok(Some(key))
}

/// A body that may be absent.
async fn optional<T: DeserializeOwned + Default>(
    request: Request,
) -> Result<(HeaderMap, T), Refusal> {
    let (headers, raw) = bytes(request, ORDER).await?;
    match raw.trim_ascii().is_empty() {
        true => Ok((headers, T::default())),
        false => decode(&raw).map(|wanted| (headers, wanted)),
    }
}

async fn bytes(request: Request, allowed: Allowed) -> Result<(HeaderMap, Bytes), Refusal> {
    let (parts, body) = request.into_parts();
    let raw = body::read(body, &parts.headers, allowed).await?;
    if !raw.is_empty() {
        body::require_json(&parts.headers)?;
    }
    Ok((parts.headers, raw))
}

/// A note that can be kept.
pub(crate) fn check_note(note: Option<&str>) -> Result<(), Refusal> {
    match note {
        Some(text) if text.trim().is_empty() => {
            Err(Refusal::field("note", "is empty; leave it out, or say why"))
        }
        Some(text) if text.chars().count() > MAX_NOTE => {
            let advice = format!("has more than {MAX_NOTE} characters");
            Err(Refusal::field("note", advice))
        }
        _ => Ok(()),
    }
}
