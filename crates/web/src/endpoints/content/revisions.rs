//! `GET /v1/content/{content_id}/revisions`: the stored bodies, newest first.

use axum::Json;
use axum::RequestExt;
use axum::extract::Request;
use axum::response::IntoResponse;

use super::Asked;
use crate::door::query::{List, Params, Slice};
use crate::refusal::Answered;

pub(super) async fn answer(asked: &Asked<'_>, mut request: Request) -> Answered {
    let Params(slice) = request.extract_parts::<Params<Slice>>().await?;
    asked.require_known().await?;
    let revisions = asked
        .doors
        .store
        .revisions(asked.owner, asked.content_id, slice.page()?)
        .await?;
    Ok(Json(List::from(revisions)).into_response())
}
