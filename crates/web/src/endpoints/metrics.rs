//! `GET /metrics`: Prometheus text. Needs no token: keep the port away from strangers, or the
//! names of destinations and the size of the queue are theirs to read.
//!
//! Ensures that gauges are as the store counts at the moment of the scrape.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::app::Doors;
use crate::measures;
use crate::refusal::Answered;
use crate::router::Endpoint;

/// The exposition format's content type.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/metrics", None, scrape)
}

async fn scrape(State(doors): State<Arc<Doors>>) -> Answered {
    let counts = doors.store.counts().await;
    measures::store_up(counts.is_ok());
    match counts {
        Ok(counts) => doors.gauges.set(&counts, doors.store.now()),
        // What this process counted itself is still worth reading.
        Err(error) => tracing::warn!(%error, "the store's gauges stay as they were"),
    }
    measures::pressure(doors.store.pressure());
    Ok(([(CONTENT_TYPE, TEXT)], (doors.metrics)()).into_response())
}
