//! `GET /v1/content/{content_id}/timeline`: the log entries of the item, oldest first.

use axum::Json;
use axum::RequestExt;
use axum::extract::Request;
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_core::ids::JobId;
use slugline_engine::store::EventFilter;

use super::Asked;
use crate::door::query::{List, Params, page};
use crate::refusal::Answered;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    job_id: Option<JobId>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) async fn answer(asked: &Asked<'_>, mut request: Request) -> Answered {
    let Params(wanted) = request.extract_parts::<Params<Wanted>>().await?;
    let page = page(wanted.limit, wanted.cursor.as_deref())?;
    asked.require_known().await?;
    let filter = EventFilter {
        owner: Some(asked.owner.to_owned()),
        content_id: Some(asked.content_id.to_owned()),
        job_id: wanted.job_id,
        ..EventFilter::default()
    };
    Ok(Json(List::from(asked.doors.store.events(filter, page).await?)).into_response())
}
