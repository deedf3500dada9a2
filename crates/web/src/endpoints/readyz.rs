//! `GET /readyz`: whether this node should get requests. `GET /healthz` is another name for it.
//!
//! Ensures that a node that starts, stops or cannot read its store says so with 503. Tells nothing
//! about the store that a stranger should not know; the log does.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use slugline_core::problem::{Code, Problem};

use crate::app::Doors;
use crate::door::query::Params;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// A store that does not answer a small question in this time serves nobody.
const PATIENCE: Duration = Duration::from_secs(2);
/// Seconds after which another look is worth it.
const RETRY_SECONDS: u64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// `?verbose`: each check by name.
    verbose: Option<String>,
}

/// Each check: `ok`, or what is wrong.
#[derive(Serialize)]
struct Checks {
    accepting: &'static str,
    store: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Checks>,
}

pub(super) fn endpoint(path: &'static str) -> Endpoint {
    Endpoint::get(path, None, readyz)
}

async fn readyz(State(doors): State<Arc<Doors>>, Params(wanted): Params<Wanted>) -> Answered {
    let accepting = if doors.is_ready() {
        "ok"
    } else {
        "starting or stopping"
    };
    let checks = Checks {
        accepting,
        store: probe(&doors).await,
    };
    if checks.accepting != "ok" || checks.store != "ok" {
        let detail = format!("accepting: {}; store: {}", checks.accepting, checks.store);
        return Err(Refusal(
            Problem::new(Code::Unavailable, detail).retry_after(RETRY_SECONDS),
        ));
    }
    let checks = wanted.verbose.map(|_| checks);
    Ok(Json(Ready {
        status: "ok",
        checks,
    })
    .into_response())
}

async fn probe(doors: &Doors) -> &'static str {
    match tokio::time::timeout(PATIENCE, doors.store.tokens()).await {
        Ok(Ok(_)) => "ok",
        Ok(Err(error)) => {
            tracing::error!(%error, "the store does not answer the readiness check");
            "failed"
        }
        Err(_) => "no answer in time",
    }
}
