//! `POST /v1/publish`: the way in.
//!
//! Ensures that 2xx is answered only for what intake says is durable. The bytes of the body reach
//! intake as they came: nothing is parsed twice.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use slugline_core::problem::{Code, Problem};
use slugline_engine::headers;
use slugline_engine::store::{Decided, DecidedKind};

use crate::app::Doors;
use crate::door::body::{self, Allowed};
use crate::door::keyring::Principal;
use crate::door::role::Role;
use crate::measures;
use crate::refusal::Answered;
use crate::router::Endpoint;

/// draft-ietf-httpapi-idempotency-key-header-07.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Time for 2 MiB: 70 kB/s, a bad mobile link.
const TIME: Duration = Duration::from_secs(30);

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/v1/publish", Role::Editor, publish)
}

async fn publish(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Answered {
    let outcome = accept(&doors, &principal, request).await;
    measures::intake(&outcome);
    Ok(answer(&outcome?))
}

async fn accept(
    doors: &Doors,
    principal: &Principal,
    request: Request,
) -> Result<Decided, Problem> {
    let (parts, body) = request.into_parts();
    body::require_json(&parts.headers)?;
    let key = key(&parts.headers)?;
    let allowed = Allowed {
        size: doors.limits.publish_bytes,
        time: TIME,
    };
    let raw = body::read(body, &parts.headers, allowed).await?;
    // A value that is no text says nothing to a person.
    let headers = parts.headers.iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let headers = headers::kept(headers);
    let caller = &principal.caller;
    doors.intake.publish(caller, key, headers, raw).await
}

fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let first = values.next().map(HeaderValue::to_str).transpose();
    match (first, values.next()) {
        (Ok(key), None) => Ok(key),
        (Ok(_), Some(_)) => Err(Problem::new(
            Code::InvalidKey,
            "send one Idempotency-Key header, not several",
        )),
        (Err(_), _) => Err(Problem::new(
            Code::InvalidKey,
            "the Idempotency-Key header must be visible ASCII characters",
        )),
    }
}

fn answer(decided: &Decided) -> Response {
    let status = match decided.kind {
        DecidedKind::Accepted => StatusCode::ACCEPTED,
        DecidedKind::Replayed | DecidedKind::Duplicate | DecidedKind::Stale => StatusCode::OK,
    };
    let mut response = (status, Json(&decided.answer)).into_response();
    let place = decided
        .answer
        .publish_id
        .and_then(|id| HeaderValue::from_str(&format!("/v1/publishes/{id}")).ok());
    if let Some(place) = place {
        response.headers_mut().insert(LOCATION, place);
    }
    if decided.kind == DecidedKind::Replayed {
        response
            .headers_mut()
            .insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_keys_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(key(&headers), Ok(None));
        headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static("a"));
        assert_eq!(key(&headers), Ok(Some("a")));
        headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static("b"));
        assert_eq!(key(&headers).unwrap_err().code, Code::InvalidKey);
        let latin1 = HeaderValue::from_bytes(b"\xe4").unwrap();
        assert_eq!(
            key(&HeaderMap::from_iter([(IDEMPOTENCY_KEY, latin1)]))
                .unwrap_err()
                .code,
            Code::InvalidKey
        );
    }
}
