//! `POST /v1/content/{content_id}/erase`: all that is kept of an item's words goes.

use axum::Json;
use axum::extract::Request;
use axum::response::IntoResponse;
use slugline_core::problem::Code;
use slugline_engine::desk::EraseRequest;

use super::{ORDER, bytes, check_note, decode};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};

/// Erases a content. It cannot be undone, so it takes more than an operator.
pub(in crate::endpoints) async fn erase(
    doors: &Doors,
    principal: &Principal,
    content_id: &str,
    request: Request,
) -> Answered {
    if principal.role < Role::Admin {
        let detail = format!(
            "the token {:?} has the role {}; erasing needs {}",
            principal.name,
            principal.role,
            Role::Admin
        );
        return Err(Refusal::new(Code::Forbidden, detail));
    }
    let (_, raw) = bytes(request, ORDER).await?;
    let wanted: EraseRequest = decode(&raw)?;
    if wanted.reason.trim().is_empty() {
        return Err(Refusal::field(
            "reason",
            "is empty; say why, for the record",
        ));
    }
    check_note(Some(&wanted.reason))?;
    let done = doors
        .desk
        .erase(&principal.caller, content_id, &wanted)
        .await?;
    tracing::info!(
        content_id,
        by = principal.name,
        "an item's words were erased"
    );
    Ok(Json(done).into_response())
}
