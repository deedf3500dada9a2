//! `POST /v1/destinations/{name}/pause` and `…/resume`.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use slugline_core::pause::Pausable;
use slugline_engine::intake::require_environment;

use super::{Asked, Said};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::endpoints::destinations::served;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(in crate::endpoints) fn pausing() -> Endpoint {
    Endpoint::post("/v1/destinations/{name}/pause", Role::Operator, pause)
}

pub(in crate::endpoints) fn resuming() -> Endpoint {
    Endpoint::post("/v1/destinations/{name}/resume", Role::Operator, resume)
}

async fn pause(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(name): Segment,
    request: Request,
) -> Answered {
    let (doors, principal) = (&*doors, &principal);
    let asked = Asked { doors, principal };
    let of = destination(&asked, name)?;
    asked.pause(of, Said::read_note(request).await?).await
}

async fn resume(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(name): Segment,
    request: Request,
) -> Answered {
    let (doors, principal) = (&*doors, &principal);
    let asked = Asked { doors, principal };
    let of = destination(&asked, name)?;
    Said::read_note(request).await?;
    asked.resume(of).await
}

/// The destination, if the caller may stop it.
pub(crate) fn destination(asked: &Asked<'_>, name: String) -> Result<Pausable, Refusal> {
    let view = served(asked.doors, asked.principal, &name)?;
    match &view.environment {
        Some(environment) => {
            require_environment(&asked.principal.caller.environments, environment)?
        }
        None => asked.require_all_environments(&format!("destination {name}"))?,
    }
    Ok(Pausable::Destination { destination: name })
}
