//! `POST /v1/replays`: runs again what was asked for before, or says what it would run.
//!
//! Ensures that a replay is about something that was named, within what the caller may write to, and that
//! signals are sent as they were only where there are signals.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_core::problem::Code;
use slugline_core::replay::{DEFAULT_LIMIT, DEFAULT_RATE, MAX_LIMIT, MAX_RATE, Mode, Receiver};
use slugline_engine::store::{
    NewReplay, PUBLISHES_LOOKED_AT, ReplayBegun, ReplayFilter, ReplayState, ReplayView,
};

use super::reconciliation::destination;
use super::replay::Whole;
use crate::app::Doors;
use crate::door::body::{self, Allowed};
use crate::door::keyring::Principal;
use crate::door::query::page;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// Some names.
const ALLOWED: Allowed = Allowed {
    size: 16 * 1024,
    time: Duration::from_secs(10),
};

/// What is to be run again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) filter: ReplayFilter,
    #[serde(default)]
    pub(crate) dry_run: bool,
    pub(crate) limit: Option<u64>,
    pub(crate) rate: Option<u64>,
    #[serde(default)]
    pub(crate) mode: Mode,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/replays", Role::Operator, start)
}

async fn start(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Answered {
    let wanted: Wanted = body::json(request, ALLOWED).await?;
    let (is_new, view) = begin(&doors, &principal, wanted).await?;
    let status = match is_new && view.state == ReplayState::Running {
        true => StatusCode::ACCEPTED,
        false => StatusCode::OK,
    };
    let whole = Whole::of(&doors, &principal, view, None, page(None, None)?);
    Ok((status, Json(whole.await?)).into_response())
}

/// Begins it, or finds that it is under way; whether it is new.
pub(crate) async fn begin(
    doors: &Doors,
    principal: &Principal,
    wanted: Wanted,
) -> Result<(bool, ReplayView), Refusal> {
    let new = checked(doors, principal, wanted)?;
    match doors.store.begin_replay(new.clone()).await? {
        ReplayBegun::New(view) => {
            let (dry_run, total) = (view.record.dry_run, view.record.total);
            tracing::info!(replay = %view.replay_id, by = principal.name, dry_run, total, "a replay began");
            Ok((true, view))
        }
        ReplayBegun::Running(view) if is_the_same(&view, &new) => Ok((false, view)),
        ReplayBegun::Running(view) => {
            let why = format!(
                "{} is under way; one replay runs at a time: wait until it has ended, or abort it",
                view.replay_id
            );
            Err(Refusal::new(Code::IllegalState, why))
        }
        ReplayBegun::TooLong => {
            let why = format!(
                "more than {PUBLISHES_LOOKED_AT} publishes were accepted in this time; choose a shorter one"
            );
            Err(Refusal::field("filter.since", why))
        }
    }
}

/// Whether somebody asks twice for one replay.
fn is_the_same(running: &ReplayView, new: &NewReplay) -> bool {
    let filter = ReplayFilter {
        until: new.filter.until,
        ..running.record.filter.clone()
    };
    running.state == ReplayState::Running && filter == new.filter && running.record.mode == new.mode
}

fn checked(doors: &Doors, principal: &Principal, wanted: Wanted) -> Result<NewReplay, Refusal> {
    let mut filter = wanted.filter;
    if filter == ReplayFilter::default() {
        let why = "name at least one of content_id, destination, environment, source, state, reason, since and until";
        return Err(Refusal::field("filter", why));
    }
    if filter.since.is_some() && filter.until.is_some() && filter.since >= filter.until {
        return Err(Refusal::field("filter.until", "must be after since"));
    }
    if let ([only], None) = (&*principal.caller.environments, &filter.environment) {
        filter.environment = Some(only.clone());
    }
    check_environment(principal, filter.environment.as_deref())?;
    check_destination(doors, principal, &filter, wanted.mode)?;
    let known = doors.destinations.list().into_iter();
    Ok(NewReplay {
        owner: principal.caller.owner.clone(),
        actor: principal.caller.actor.clone(),
        filter,
        mode: wanted.mode,
        dry_run: wanted.dry_run,
        limit: within("limit", wanted.limit.unwrap_or(DEFAULT_LIMIT), MAX_LIMIT)?,
        rate: within("rate", wanted.rate.unwrap_or(DEFAULT_RATE), MAX_RATE)?,
        receivers: known
            .map(|known| (known.name, Receiver::from(&known.capabilities)))
            .collect(),
    })
}

fn within(field: &str, number: u64, most: u64) -> Result<u64, Refusal> {
    match (1..=most).contains(&number) {
        true => Ok(number),
        false => Err(Refusal::field(field, format!("must be from 1 to {most}"))),
    }
}

/// Refuses a caller whose token is for other environments.
pub(super) fn check_environment(
    principal: &Principal,
    environment: Option<&str>,
) -> Result<(), Refusal> {
    let own = &principal.caller.environments;
    let is_own = |name| own.iter().any(|known| known == name);
    if own.is_empty() || environment.is_some_and(is_own) {
        return Ok(());
    }
    let own = own.join(", ");
    let detail = format!("this token may write to {own}; name one of them as the environment");
    Err(Refusal::new(Code::Forbidden, detail))
}

fn check_destination(
    doors: &Doors,
    principal: &Principal,
    filter: &ReplayFilter,
    mode: Mode,
) -> Result<(), Refusal> {
    let named = filter.destination.as_deref();
    let known = match named {
        Some(name) => {
            let absent =
                || Refusal::new(Code::NotFound, format!("there is no destination {name:?}"));
            Some(destination(doors, principal, name).ok_or_else(absent)?)
        }
        None => None,
    };
    match (mode, known) {
        (Mode::Current, _) => Ok(()),
        (Mode::AsRecorded, None) => Err(Refusal::field(
            "filter.destination",
            "mode as_recorded sends signals again: name the destination that is to hear them",
        )),
        (Mode::AsRecorded, Some(known)) if known.capabilities.readable => {
            let why = format!(
                "{:?} holds content: what was recorded would overwrite what is newer there; use mode current",
                known.name
            );
            Err(Refusal::field("mode", why))
        }
        (Mode::AsRecorded, Some(_)) => Ok(()),
    }
}
