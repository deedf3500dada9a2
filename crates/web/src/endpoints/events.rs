//! `GET /v1/events`: the log by cursor, oldest first.
//!
//! Ensures that a reader that goes on after the last `seq` it saw misses nothing: the store shows an
//! entry only when all earlier ones are visible.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_core::event::EventType;
use slugline_engine::store::EventFilter;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::query::{List, Params, page};
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

/// The filters; several must all hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Entries with a greater `seq`.
    #[serde(alias = "cursor")]
    after: Option<String>,
    content_id: Option<String>,
    request_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<EventType>,
    actor: Option<String>,
    limit: Option<usize>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/events", Some(Role::Viewer), events)
}

async fn events(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Params(wanted): Params<Wanted>,
) -> Answered {
    let page = page(wanted.limit, wanted.after.as_deref())?;
    let filter = EventFilter {
        owner: Some(principal.caller.owner.clone()),
        content_id: wanted.content_id,
        request_id: wanted.request_id,
        kind: wanted.kind.map(word),
        actor: wanted.actor,
    };
    Ok(Json(List::from(doors.store.events(filter, page).await?)).into_response())
}

/// A type's word on the wire.
fn word(kind: EventType) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
