//! `POST /v1/rollbacks`: several contents back at once.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::response::IntoResponse;
use slugline_engine::desk::ReleaseRequest;

use super::{bytes, check_note, decode};
use crate::app::Doors;
use crate::door::body::Allowed;
use crate::door::keyring::Principal;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// Contents of one release: each costs some reads and a commit, and one request should end within seconds.
const MAX_ITEMS: usize = 200;
/// A list of that many.
const LIST: Allowed = Allowed {
    size: 256 * 1024,
    time: Duration::from_secs(10),
};

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/rollbacks", Role::Operator, roll_back)
}

async fn roll_back(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Answered {
    let (_, raw) = bytes(request, LIST).await?;
    let wanted: ReleaseRequest = decode(&raw)?;
    check_note(wanted.note.as_deref())?;
    if wanted.items.is_empty() || wanted.items.len() > MAX_ITEMS {
        let advice = format!("must name 1 to {MAX_ITEMS} contents");
        return Err(Refusal::field("items", advice));
    }
    let done = doors
        .desk
        .roll_back_release(&principal.caller, &wanted)
        .await;
    if done.begun {
        tracing::info!(
            contents = done.items.len(),
            by = principal.name,
            "an operator rolled a release back"
        );
    }
    Ok(Json(done).into_response())
}
