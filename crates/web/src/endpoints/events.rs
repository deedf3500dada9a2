//! `GET /v1/events`: the log by cursor, oldest first.
//!
//! Ensures that a reader that goes on after the last `seq` it saw misses nothing: the store shows an
//! entry only when all earlier ones are visible. Who asks for CloudEvents by name gets the same page in the
//! contract's form; who asks for JSON lines gets all that follows.

mod batch;
mod lines;
pub(crate) mod stream;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_core::contract::BATCH;
use slugline_core::event::EventType;
use slugline_core::ids::{EventId, JobId};
use slugline_engine::store::EventFilter;

use crate::app::Doors;
use crate::door::accept;
use crate::door::keyring::Principal;
use crate::door::outside;
use crate::door::query::{List, Params, page};
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// The filters; several must all hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Entries with a greater `seq`; the id of an event stands for its place.
    #[serde(alias = "cursor")]
    after: Option<String>,
    content_id: Option<String>,
    request_id: Option<String>,
    job_id: Option<JobId>,
    #[serde(rename = "type")]
    kind: Option<EventType>,
    actor: Option<String>,
    limit: Option<usize>,
    /// Of the contract's form.
    schema_version: Option<u32>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/events", Some(Role::Viewer), events)
}

async fn events(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    headers: HeaderMap,
    uri: Uri,
    Params(wanted): Params<Wanted>,
) -> Answered {
    let version = contract_version(&headers, wanted.schema_version)?;
    let after = wanted.after.as_deref().map(place);
    let page = page(wanted.limit, after.as_deref())?;
    let filter = EventFilter {
        owner: Some(principal.caller.owner.clone()),
        content_id: wanted.content_id,
        request_id: wanted.request_id,
        job_id: wanted.job_id,
        kind: wanted.kind.map(word),
        actor: wanted.actor,
    };
    if version.is_none() && accept::prefers(&headers, lines::LINES) {
        return lines::answer(doors, filter, page.cursor).await;
    }
    let found = doors.store.events(filter, page).await?;
    match version {
        Some(version) => batch::answer(found, version, &outside::url(&doors, &headers), &uri),
        None => Ok(Json(List::from(found)).into_response()),
    }
}

/// The version of the contract's form; `None` for the log's own form, which has no versions.
fn contract_version(headers: &HeaderMap, asked: Option<u32>) -> Result<Option<u32>, Refusal> {
    match asked {
        _ if accept::prefers(headers, BATCH) => batch::version(asked).map(Some),
        None => Ok(None),
        Some(_) => {
            let message = format!("is for events in the contract's form; send Accept: {BATCH}");
            Err(Refusal::field("schema_version", message))
        }
    }
}

/// The place in the log that a cursor means.
fn place(cursor: &str) -> String {
    match cursor.parse::<EventId>() {
        Ok(event) => event.0.to_string(),
        Err(_) => cursor.to_owned(),
    }
}

/// A type's word on the wire.
fn word(kind: EventType) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
