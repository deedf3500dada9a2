//! `POST /v1/classes/{class}/pause` and `…/resume`: a class, at all destinations.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use slugline_core::item::Class;
use slugline_core::pause::Pausable;
use slugline_core::problem::Code;

use super::{Asked, Said};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(in crate::endpoints) fn pausing() -> Endpoint {
    Endpoint::post("/v1/classes/{class}/pause", Role::Operator, pause)
}

pub(in crate::endpoints) fn resuming() -> Endpoint {
    Endpoint::post("/v1/classes/{class}/resume", Role::Operator, resume)
}

async fn pause(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(name): Segment,
    request: Request,
) -> Answered {
    let (doors, principal) = (&*doors, &principal);
    let asked = Asked { doors, principal };
    let (of, said) = (class(&asked, &name)?, Said::read_note(request).await?);
    asked.pause(of, said).await
}

async fn resume(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(name): Segment,
    request: Request,
) -> Answered {
    let (doors, principal) = (&*doors, &principal);
    let asked = Asked { doors, principal };
    let of = class(&asked, &name)?;
    Said::read_note(request).await?;
    asked.resume(of).await
}

/// The class of this name, if the caller may stop it.
pub(crate) fn class(asked: &Asked<'_>, name: &str) -> Result<Pausable, Refusal> {
    asked.require_all_environments("a class")?;
    let found = Class::ALL.into_iter().find(|class| class.as_str() == name);
    let class = found.ok_or_else(|| {
        let known = Class::ALL.map(Class::as_str).join(", ");
        Refusal::new(
            Code::NotFound,
            format!("there is no class {name:?}; there are {known}"),
        )
    })?;
    Ok(Pausable::Class { class })
}
