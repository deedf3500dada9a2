//! Who may come in: the one layer in front of every endpoint that needs a token.
//!
//! Ensures that no handler runs without a known token of a sufficient role, within its rate, while
//! there is room and (for changes) while the server accepts work. Bodies are not read before.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use slugline_core::http;
use slugline_core::problem::{Code, Problem};

use super::keyring::Principal;
use super::rate::Quota;
use super::role::Role;
use crate::app::Doors;
use crate::refusal::Refusal;

/// Seconds after which a server that starts, stops or is busy is worth another try.
const RETRY_SECONDS: u64 = 1;

/// What the layer needs to know of its endpoint.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) doors: Arc<Doors>,
    pub(crate) role: Role,
    /// Whether the endpoint changes anything: then it waits until the server is ready.
    pub(crate) changes: bool,
}

/// Lets a request through with its [`Principal`] as an extension, or refuses it.
pub(crate) async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Ok(_place) = gate.doors.in_flight.try_acquire() else {
        return busy().into_response();
    };
    let principal = match gate.authenticate(request.headers()).await {
        Ok(principal) => principal,
        Err(refusal) => return challenge(refusal.into_response()),
    };
    let quota = gate
        .doors
        .rates
        .take(&principal.name, gate.doors.clock.now());
    let mut response = match gate.objection(&principal, quota.as_ref()) {
        Some(problem) => Refusal(problem).into_response(),
        None => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
    };
    if let Some(quota) = quota {
        quota.describe(response.headers_mut());
    }
    response
}

impl Gate {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Principal>, Refusal> {
        let token = bearer(headers)?;
        let found = self.doors.keyring.find(token).await?;
        found.ok_or_else(|| {
            Refusal::new(
                Code::Unauthorized,
                "the token is not known here; it may have been revoked",
            )
        })
    }

    fn objection(&self, principal: &Principal, quota: Option<&Quota>) -> Option<Problem> {
        if let Some(problem) = quota.and_then(Quota::objection) {
            return Some(problem);
        }
        if principal.role < self.role {
            let detail = format!(
                "token {:?} is {}; this needs {}",
                principal.name, principal.role, self.role
            );
            return Some(Problem::new(Code::Forbidden, detail).with("needs_role", self.role));
        }
        let refused = self.changes && !self.doors.is_ready();
        refused.then(|| {
            Problem::new(
                Code::Unavailable,
                "the server is starting or stopping; nothing was stored",
            )
            .retry_after(RETRY_SECONDS)
        })
    }
}

/// The token that a request brings.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let absent = || {
        Refusal::new(
            Code::Unauthorized,
            "send a token: Authorization: Bearer TOKEN",
        )
    };
    let value = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(absent)?;
    http::bearer(value).ok_or_else(absent)
}

fn busy() -> Refusal {
    Refusal(
        Problem::new(
            Code::Unavailable,
            "too many requests are being answered; nothing was stored",
        )
        .retry_after(RETRY_SECONDS),
    )
}

/// RFC 9110 §11.6.1: a 401 names the scheme.
fn challenge(mut response: Response) -> Response {
    if response.status() == axum::http::StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"slugline\""),
        );
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(value: &'static str) -> Option<String> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
        bearer(&headers).ok().map(str::to_owned)
    }

    #[test]
    fn only_bearer_tokens_count() {
        assert_eq!(token("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("bearer  abc ").as_deref(), Some("abc"));
        assert_eq!(
            (token("Basic abc"), token("Bearer "), token("abc")),
            (None, None, None)
        );
    }
}
