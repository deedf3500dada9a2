//! `GET /v1/destinations`: the configured destinations, what they can do and how they are.
//!
//! Ensures that a caller sees those that serve its owner, and who paused them. Reads no connector: the
//! binary says what there is through [`Destinations`].

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Serialize;
use slugline_core::connector::{Capabilities, Repeat};
use slugline_core::failure::Failure;
use slugline_core::lane::LaneScope;
use slugline_core::pause::Pausable;
use slugline_core::port::BoxFuture;
use slugline_core::problem::Code;
use slugline_engine::destination::{DestinationSettings, Health};
use slugline_engine::store::Pause;

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// Says which destinations there are; answered from memory.
pub trait Destinations: Send + Sync {
    /// All of them, in configuration order.
    fn list(&self) -> Vec<DestinationView>;

    /// Asks a destination whether it is there and lets us in, changing nothing; `None` where there is
    /// none of this name.
    fn probe<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<Result<String, Failure>>>;
}

/// A configured destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationView {
    /// Its name.
    pub name: String,
    /// The only owner that it serves, if it is limited to one.
    pub owner: Option<String>,
    /// The only environment that it serves, if it is limited to one.
    pub environment: Option<String>,
    /// What its connector can do; `kind` is its type.
    pub capabilities: Capabilities,
    /// What is configured.
    pub settings: DestinationSettings,
    /// How it is, as this node sees it.
    pub health: Health,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/destinations", Some(Role::Viewer), destinations)
}

#[derive(Serialize)]
struct Listed {
    items: Vec<Shown>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    environment: Option<String>,
    capabilities: ShownCapabilities,
    health: Health,
    /// Why nothing begins there.
    paused: Option<Pause>,
}

/// Capabilities with durations in seconds.
#[derive(Serialize)]
struct ShownCapabilities {
    lane: LaneScope,
    readable: bool,
    drafts: bool,
    repeat: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedupes_for_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_window_seconds: Option<f64>,
    verify_window_seconds: f64,
    timeout_seconds: f64,
    concurrency: usize,
    transforms: &'static [&'static str],
}

async fn destinations(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Answered {
    let pauses = doors.store.pauses(Some(principal.caller.owner.clone()));
    let pauses = pauses.await?;
    let items = doors
        .destinations
        .list()
        .into_iter()
        .filter(|view| serves(view, &principal))
        .map(|view| Shown::of(view, &pauses))
        .collect();
    Ok(Json(Listed {
        items,
        next_cursor: None,
    })
    .into_response())
}

fn serves(view: &DestinationView, principal: &Principal) -> bool {
    let owner = view.owner.as_ref();
    owner.is_none_or(|owner| *owner == principal.caller.owner)
}

/// A destination that serves the caller's owner.
pub(crate) fn served(
    doors: &Doors,
    principal: &Principal,
    name: &str,
) -> Result<DestinationView, Refusal> {
    let all = doors.destinations.list().into_iter();
    let mut own = all.filter(|view| view.name == name && serves(view, principal));
    own.next().ok_or_else(|| {
        let detail = format!("there is no destination {name:?}; GET /v1/destinations lists them");
        Refusal::new(Code::NotFound, detail)
    })
}

impl Shown {
    fn of(view: DestinationView, pauses: &[Pause]) -> Self {
        let stops = |pause: &&Pause| match &pause.of {
            Pausable::Everything => true,
            Pausable::Destination { destination } => *destination == view.name,
            Pausable::Class { .. } | Pausable::Content { .. } => false,
        };
        Self {
            // The narrower one says more.
            paused: pauses.iter().rfind(stops).cloned(),
            name: view.name,
            kind: view.capabilities.kind,
            environment: view.environment,
            capabilities: view.capabilities.into(),
            health: view.health,
        }
    }
}

impl From<Capabilities> for ShownCapabilities {
    fn from(known: Capabilities) -> Self {
        let (repeat, window) = repeat(known.repeat);
        Self {
            lane: known.lane,
            readable: known.readable,
            drafts: known.drafts,
            repeat,
            dedupes_for_seconds: window.map(|window| window.as_secs_f64()),
            commit_window_seconds: known.commit_window.map(|window| window.as_secs_f64()),
            verify_window_seconds: known.verify_window.as_secs_f64(),
            timeout_seconds: known.timeout.as_secs_f64(),
            concurrency: known.concurrency,
            transforms: known.transforms,
        }
    }
}

fn repeat(repeat: Repeat) -> (&'static str, Option<Duration>) {
    match repeat {
        Repeat::LooksUp => ("looks_up", None),
        Repeat::Dedupes(window) => ("dedupes", Some(window)),
        Repeat::Harmless => ("harmless", None),
        Repeat::MayDuplicate => ("may_duplicate", None),
    }
}
