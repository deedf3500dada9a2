//! `POST /v1/destinations/{name}/probe`: asks a destination whether it is there and lets us in.
//!
//! Ensures that nothing is changed there, and that what it found is an answer, not an error of ours.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Serialize;
use slugline_core::problem::Code;
use slugline_core::reason::{Reason, SuggestedAction};

use super::destinations::served;
use super::pauses::Asked;
use super::pauses::destination::destination;
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/destinations/{name}/probe", Role::Operator, probe)
}

/// What a probe found.
#[derive(Serialize)]
pub(crate) struct Found {
    pub(crate) destination: String,
    pub(crate) ok: bool,
    pub(crate) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason_code: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suggested_action: Option<SuggestedAction>,
}

async fn probe(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(name): Segment,
) -> Answered {
    let asked = Asked {
        doors: &doors,
        principal: &principal,
    };
    Ok(Json(ask(&asked, name).await?).into_response())
}

/// Asks it; what it found.
pub(crate) async fn ask(asked: &Asked<'_>, name: String) -> Result<Found, Refusal> {
    let doors = asked.doors;
    destination(asked, name.clone())?;
    let view = served(doors, asked.principal, &name)?;
    let probed = doors.destinations.probe(&view.name).await;
    let said = probed.ok_or_else(|| {
        let detail = format!("destination {name:?} is not delivered to by this node");
        Refusal::new(Code::NotFound, detail)
    })?;
    let failure = said.as_ref().err();
    Ok(Found {
        destination: name,
        ok: failure.is_none(),
        reason_code: failure.map(|failure| failure.reason),
        suggested_action: failure.map(|failure| failure.reason.suggested_action()),
        detail: said.unwrap_or_else(|failure| failure.message),
    })
}
