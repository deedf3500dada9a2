//! `POST /v1/pause` and `POST /v1/resume`: everything.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use slugline_core::pause::Pausable;

use super::{Asked, Said};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(in crate::endpoints) fn pausing() -> Endpoint {
    Endpoint::post("/v1/pause", Role::Operator, pause)
}

pub(in crate::endpoints) fn resuming() -> Endpoint {
    Endpoint::post("/v1/resume", Role::Operator, resume)
}

async fn pause(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Answered {
    let (doors, principal) = (&*doors, &principal);
    let asked = Asked { doors, principal };
    let (of, said) = (everything(&asked)?, Said::read_note(request).await?);
    asked.pause(of, said).await
}

async fn resume(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Answered {
    let (doors, principal) = (&*doors, &principal);
    let asked = Asked { doors, principal };
    let of = everything(&asked)?;
    Said::read_note(request).await?;
    asked.resume(of).await
}

/// Everything, if the caller may stop it.
pub(crate) fn everything(asked: &Asked<'_>) -> Result<Pausable, Refusal> {
    asked.require_all_environments("everything")?;
    Ok(Pausable::Everything)
}
