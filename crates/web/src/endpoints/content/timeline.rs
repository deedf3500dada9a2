//! `GET /v1/content/{content_id}/timeline`: the log entries of the item, oldest first.

use axum::Json;
use axum::RequestExt;
use axum::extract::Request;
use axum::response::IntoResponse;
use slugline_engine::store::EventFilter;

use super::Asked;
use crate::door::query::{List, Params, Slice};
use crate::refusal::Answered;

pub(super) async fn answer(asked: &Asked<'_>, mut request: Request) -> Answered {
    let Params(slice) = request.extract_parts::<Params<Slice>>().await?;
    asked.require_known().await?;
    let filter = EventFilter {
        owner: Some(asked.owner.to_owned()),
        content_id: Some(asked.content_id.to_owned()),
        ..EventFilter::default()
    };
    Ok(Json(List::from(
        asked.doors.store.events(filter, slice.page()?).await?,
    ))
    .into_response())
}
