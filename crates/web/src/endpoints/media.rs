//! `POST /v1/media`: content-addressed upload, for media that have no URL.
//!
//! Ensures that few uploads are in memory at once and each within the limit of a medium. What the
//! bytes are is found from the bytes, by intake.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use slugline_core::media::MAX_MEDIA_BYTES;
use slugline_core::problem::Code;

use crate::app::Doors;
use crate::door::body::{self, Allowed};
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// Time for 32 MiB: 280 kB/s, a slow line.
const ALLOWED: Allowed = Allowed {
    size: MAX_MEDIA_BYTES,
    time: Duration::from_secs(120),
};

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/media", Role::Editor, upload)
}

async fn upload(State(doors): State<Arc<Doors>>, request: Request) -> Answered {
    let (parts, body) = request.into_parts();
    body::require_plain(&parts.headers)?;
    let claimed = parts
        .headers
        .get(CONTENT_TYPE)
        .map(|value| value.to_str())
        .transpose();
    let claimed = claimed.map_err(|_| {
        Refusal::new(
            Code::UnsupportedMediaType,
            "the Content-Type header is not ASCII",
        )
    })?;
    let Ok(_place) = doors.uploads.acquire().await else {
        return Err(Refusal::new(Code::Unavailable, "uploads are closed"));
    };
    let bytes = body::read(body, &parts.headers, ALLOWED).await?;
    let kept = doors.intake.upload_media(bytes, claimed).await?;
    let status = if kept.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(kept.info)).into_response())
}
