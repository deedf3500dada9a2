//! `GET /v1/webhooks`: webhooks that came in, newest first, with what became of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_engine::store::{WebhookFilter, WebhookState};

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::query::{List, Params, page};
use crate::door::role::Role;
use crate::refusal::Answered;
use crate::router::Endpoint;

/// The filters; several must all hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    source: Option<String>,
    state: Option<WebhookState>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/webhooks", Some(Role::Viewer), webhooks)
}

async fn webhooks(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Params(wanted): Params<Wanted>,
) -> Answered {
    let page = page(wanted.limit, wanted.cursor.as_deref())?;
    let filter = WebhookFilter {
        owner: Some(principal.caller.owner.clone()),
        source: wanted.source,
        state: wanted.state,
    };
    Ok(Json(List::from(doors.store.webhooks(filter, page).await?)).into_response())
}
