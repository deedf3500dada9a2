//! `POST /v1/reconciliations`: compares a destination with what is desired there, now.
//!
//! Ensures that a second one is not begun beside one that is under way: that one is the answer then.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_core::problem::Code;
use slugline_engine::store::{Begun, NewReconciliation};

use super::reconciliation::{check_environment, destination};
use crate::app::Doors;
use crate::door::body::{self, Allowed};
use crate::door::keyring::Principal;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// A name and a flag.
const ALLOWED: Allowed = Allowed {
    size: 16 * 1024,
    time: Duration::from_secs(10),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    destination: String,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    believe_listing: bool,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/reconciliations", Role::Operator, start)
}

async fn start(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Answered {
    let wanted: Wanted = body::json(request, ALLOWED).await?;
    check(&doors, &principal, &wanted)?;
    let new = NewReconciliation {
        destination: wanted.destination.clone(),
        actor: principal.caller.actor.clone(),
        dry_run: wanted.dry_run,
        believe_listing: wanted.believe_listing,
        unless_since: None,
    };
    match doors.store.begin_reconciliation(new).await? {
        Begun::New(view) => {
            tracing::info!(reconciliation = %view.reconciliation_id, by = principal.name, "a reconciliation began");
            Ok((StatusCode::ACCEPTED, Json(view)).into_response())
        }
        Begun::Running(view) => Ok(Json(view).into_response()),
        Begun::Recent | Begun::Unknown => Err(unknown(&wanted.destination)),
    }
}

fn check(doors: &Doors, principal: &Principal, wanted: &Wanted) -> Result<(), Refusal> {
    let name = &wanted.destination;
    let found = destination(doors, principal, name).ok_or_else(|| unknown(name))?;
    if !found.capabilities.readable {
        let why = format!("{name:?} cannot be read, so there is nothing to compare");
        return Err(Refusal::field("destination", why));
    }
    check_environment(principal, &found)
}

fn unknown(name: &str) -> Refusal {
    Refusal::new(Code::NotFound, format!("there is no destination {name:?}"))
}
