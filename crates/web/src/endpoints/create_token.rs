//! `POST /v1/tokens`: makes a token for the caller's owner and shows it once.
//!
//! Ensures that only its hash is kept, and that no token allows more than the one that made it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use slugline_core::item::check_name;
use slugline_core::problem::Code;
use slugline_core::time::Timestamp;
use slugline_engine::store::TokenRecord;

use crate::app::Doors;
use crate::door::body::{self, Allowed};
use crate::door::keyring::Principal;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;
use crate::{token_hash, token_of};

/// A name, a role and a list of environments.
const ALLOWED: Allowed = Allowed {
    size: 16 * 1024,
    time: Duration::from_secs(10),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    role: Role,
    #[serde(default)]
    environments: Vec<String>,
}

#[derive(Serialize)]
struct Made {
    name: String,
    role: Role,
    owner: String,
    environments: Vec<String>,
    created_at: Timestamp,
    /// Shown now and never again.
    token: String,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/tokens", Role::Admin, create)
}

async fn create(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Answered {
    let wanted: Wanted = body::json(request, ALLOWED).await?;
    check(&wanted, &principal)?;
    let made = make(&doors, &principal, wanted)?;
    store(&doors, &made).await?;
    tracing::info!(name = made.name, role = %made.role, by = principal.name, "token made");
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

fn check(wanted: &Wanted, principal: &Principal) -> Result<(), Refusal> {
    check_name(&wanted.name).map_err(|why| Refusal::field("name", why))?;
    for (index, environment) in wanted.environments.iter().enumerate() {
        check_name(environment)
            .map_err(|why| Refusal::field(&format!("environments[{index}]"), why))?;
    }
    let own = &principal.caller.environments;
    let narrower = !wanted.environments.is_empty()
        && wanted
            .environments
            .iter()
            .all(|environment| own.contains(environment));
    if own.is_empty() || narrower {
        return Ok(());
    }
    Err(Refusal::new(
        Code::Forbidden,
        format!(
            "this token can make tokens for {} only; name environments among them",
            own.join(", ")
        ),
    ))
}

fn make(doors: &Doors, principal: &Principal, wanted: Wanted) -> Result<Made, Refusal> {
    let secret = (doors.secrets)().map_err(|why| {
        Refusal::new(
            Code::Internal,
            format!("there are no random numbers: {why}"),
        )
    })?;
    Ok(Made {
        name: wanted.name,
        role: wanted.role,
        owner: principal.caller.owner.clone(),
        environments: wanted.environments,
        created_at: doors.store.now(),
        token: token_of(&secret),
    })
}

async fn store(doors: &Doors, made: &Made) -> Result<(), Refusal> {
    let record = TokenRecord {
        name: made.name.clone(),
        hash: token_hash(&made.token),
        role: made.role.as_str().to_owned(),
        owner: made.owner.clone(),
        environments: made.environments.clone(),
        created_at: made.created_at,
    };
    let configured = doors
        .keyring
        .configured()
        .iter()
        .any(|known| known.name == record.name);
    if configured || !doors.store.add_token(record).await? {
        let taken = format!(
            "a token is already called {:?}; choose another name, or revoke that one",
            made.name
        );
        return Err(Refusal::field("name", taken));
    }
    doors.keyring.forget().await;
    Ok(())
}
