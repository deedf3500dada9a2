//! `GET /v1/reconciliations/{id}`: how a comparison of a destination with what is desired there went.
//!
//! Ensures that a destination which serves another owner does not exist for the caller.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use slugline_core::ids::ReconciliationId;
use slugline_core::problem::Code;
use slugline_engine::store::ReconciliationView;

use super::destinations::DestinationView;
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get(
        "/v1/reconciliations/{id}",
        Some(Role::Viewer),
        reconciliation,
    )
}

async fn reconciliation(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
) -> Answered {
    Ok(Json(find(&doors, &principal, &id).await?).into_response())
}

/// The reconciliation that a path names, if the caller may know of it.
pub(crate) async fn find(
    doors: &Doors,
    principal: &Principal,
    id: &str,
) -> Result<ReconciliationView, Refusal> {
    let absent = |why: String| Refusal::new(Code::NotFound, why);
    let id: ReconciliationId = id.parse().map_err(absent)?;
    let found = doors.store.reconciliation(id).await?;
    let seen = |view: &ReconciliationView| serves(doors, principal, &view.destination);
    let found = found.filter(seen);
    found.ok_or_else(|| absent(format!("there is no reconciliation {id}")))
}

/// The destination of this name that serves the caller's owner.
pub(crate) fn destination(
    doors: &Doors,
    principal: &Principal,
    name: &str,
) -> Option<DestinationView> {
    let owner = &principal.caller.owner;
    let all = doors.destinations.list().into_iter();
    all.filter(|known| known.owner.as_ref().is_none_or(|of| of == owner))
        .find(|known| known.name == name)
}

/// Whether the caller may know of it. What is configured no more stays visible.
pub(crate) fn serves(doors: &Doors, principal: &Principal, name: &str) -> bool {
    let known = doors.destinations.list();
    let of_another = |view: &DestinationView| {
        let owner = view.owner.as_ref();
        view.name == name && owner.is_some_and(|owner| *owner != principal.caller.owner)
    };
    !known.iter().any(of_another)
}

/// Refuses a caller whose token is for other environments than the destination's.
pub(crate) fn check_environment(
    principal: &Principal,
    destination: &DestinationView,
) -> Result<(), Refusal> {
    let own = &principal.caller.environments;
    let served = destination.environment.as_ref();
    if own.is_empty() || served.is_some_and(|environment| own.contains(environment)) {
        return Ok(());
    }
    let (own, name) = (own.join(", "), &destination.name);
    let detail = format!("this token may write to {own}, and {name:?} serves other environments");
    Err(Refusal::new(Code::Forbidden, detail))
}
