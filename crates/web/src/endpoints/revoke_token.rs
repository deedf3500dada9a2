//! `DELETE /v1/tokens/{name}`: ends a token of the caller's owner.
//!
//! Ensures that it opens nothing on this node from the next request on. Tokens from configuration
//! end with their line there.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use slugline_core::problem::Code;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::delete("/v1/tokens/{name}", Role::Admin, revoke)
}

async fn revoke(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(name): Segment,
) -> Answered {
    let owner = &principal.caller.owner;
    if doors
        .keyring
        .configured()
        .iter()
        .any(|known| known.name == name && known.owner == *owner)
    {
        return Err(Refusal::field(
            "name",
            format!("{name:?} comes from the configuration; remove its [[token]] there"),
        ));
    }
    let stored = doors.store.tokens().await?;
    let own = stored
        .iter()
        .any(|known| known.name == name && known.owner == *owner);
    if !own || !doors.store.revoke_token(&name).await? {
        return Err(Refusal::new(
            Code::NotFound,
            format!("there is no token {name:?}"),
        ));
    }
    doors.keyring.forget().await;
    tracing::info!(name, by = principal.name, "token revoked");
    Ok(StatusCode::NO_CONTENT.into_response())
}
