//! `GET /v1/tokens`: the tokens of the caller's owner, from configuration and made by the API.
//!
//! Ensures that neither a token nor its hash is ever shown.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Serialize;
use slugline_core::time::Timestamp;
use slugline_engine::store::TokenRecord;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

#[derive(Serialize)]
struct Listed<'a> {
    items: Vec<Shown<'a>>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    role: &'a str,
    owner: &'a str,
    environments: &'a [String],
    created_at: Timestamp,
    /// Whether it comes from configuration, so that only an edit there revokes it.
    configured: bool,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/tokens", Some(Role::Admin), tokens)
}

async fn tokens(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Answered {
    let stored = doors.store.tokens().await?;
    let configured = doors
        .keyring
        .configured()
        .iter()
        .map(|record| (record, true));
    let items = configured
        .chain(stored.iter().map(|record| (record, false)))
        .filter(|(record, _)| record.owner == principal.caller.owner)
        .map(|(record, configured)| show(record, configured))
        .collect();
    Ok(Json(Listed {
        items,
        next_cursor: None,
    })
    .into_response())
}

fn show(record: &TokenRecord, configured: bool) -> Shown<'_> {
    Shown {
        name: &record.name,
        role: &record.role,
        owner: &record.owner,
        environments: &record.environments,
        created_at: record.created_at,
        configured,
    }
}
