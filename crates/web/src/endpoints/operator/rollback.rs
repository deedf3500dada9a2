//! `POST /v1/content/{content_id}/rollback`: an older body, as a new generation.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use slugline_engine::desk::{RollbackRequest, RolledBack};
use slugline_engine::store::{Decided, DecidedKind};

use super::{check_note, key_of, optional};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::refusal::Answered;

/// Rolls a content back.
pub(in crate::endpoints) async fn rollback(
    doors: &Doors,
    principal: &Principal,
    content_id: &str,
    request: Request,
) -> Answered {
    let (headers, wanted) = optional::<RollbackRequest>(request).await?;
    check_note(wanted.note.as_deref())?;
    let key = key_of(&headers)?;
    let done = doors
        .desk
        .roll_back(&principal.caller, content_id, &wanted, key.as_deref())
        .await?;
    tracing::info!(content_id, by = principal.name, "an operator rolled back");
    Ok(answer(done))
}

/// A plan with 200, what was accepted as a publish is.
pub(super) fn answer(done: RolledBack) -> Response {
    match done {
        RolledBack::Planned(plan) => Json(plan).into_response(),
        RolledBack::Done(decided) => accepted(decided),
    }
}

/// The answer to a new generation, or to one that was made before.
pub(super) fn accepted(decided: Decided) -> Response {
    let status = match decided.kind {
        DecidedKind::Accepted => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    (status, Json(decided.answer)).into_response()
}
