//! `GET /v1/replays/{id}`: how a replay goes, and what each of its events is worth.
//!
//! Ensures that a replay of another owner does not exist for the caller.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use slugline_core::ids::ReplayId;
use slugline_core::problem::Code;
use slugline_core::replay::Relevance;
use slugline_engine::store::{Page, ReplayTargetView, ReplayView};

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::query::{List, Params, page};
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// Which of its events.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    relevance: Option<Relevance>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// A replay with a page of its events.
#[derive(Serialize)]
pub(super) struct Whole {
    #[serde(flatten)]
    view: ReplayView,
    targets: List<ReplayTargetView>,
}

impl Whole {
    /// The replay with its first events, or those of this page.
    pub(super) async fn of(
        doors: &Doors,
        principal: &Principal,
        view: ReplayView,
        relevance: Option<Relevance>,
        page: Page,
    ) -> Result<Self, Refusal> {
        let owner = &principal.caller.owner;
        let targets = doors
            .store
            .replay_targets(owner, view.replay_id, relevance, page);
        let targets = targets.await?.into();
        Ok(Self { view, targets })
    }
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/replays/{id}", Some(Role::Viewer), replay)
}

async fn replay(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
    Params(wanted): Params<Wanted>,
) -> Answered {
    let page = page(wanted.limit, wanted.cursor.as_deref())?;
    let view = find(&doors, &principal, &id).await?;
    let whole = Whole::of(&doors, &principal, view, wanted.relevance, page);
    Ok(Json(whole.await?).into_response())
}

/// The replay that a path names, if it is the caller's.
pub(crate) async fn find(
    doors: &Doors,
    principal: &Principal,
    id: &str,
) -> Result<ReplayView, Refusal> {
    let absent = |why: String| Refusal::new(Code::NotFound, why);
    let id: ReplayId = id.parse().map_err(absent)?;
    let found = doors.store.replay(&principal.caller.owner, id).await?;
    found.ok_or_else(|| absent(format!("there is no replay {id}")))
}
