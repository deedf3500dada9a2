//! `GET /v1/content/{content_id}`: what is live where, in all environments and locales.

use axum::Json;
use axum::response::IntoResponse;
use serde::Serialize;
use slugline_engine::store::ContentView;

use super::Asked;
use crate::refusal::Answered;

#[derive(Serialize)]
struct Item<'a> {
    content_id: &'a str,
    /// One per environment and locale.
    items: Vec<ContentView>,
}

pub(super) async fn answer(asked: &Asked<'_>) -> Answered {
    let items = asked
        .doors
        .store
        .content(asked.owner, asked.content_id)
        .await?;
    if items.is_empty() {
        return Err(asked.absent());
    }
    Ok(Json(Item {
        content_id: asked.content_id,
        items,
    })
    .into_response())
}
