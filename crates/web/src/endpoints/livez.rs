//! `GET /livez`: the process answers.
//!
//! Ensures that it depends on nothing else: restarting a node does not mend its store.

use axum::Json;
use axum::response::IntoResponse;
use serde_json::json;

use crate::refusal::Answered;
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/livez", None, livez)
}

async fn livez() -> Answered {
    Ok(Json(json!({ "status": "ok" })).into_response())
}
