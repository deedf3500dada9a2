//! Refusals on their way out (RFC 9457, `application/problem+json`).
//!
//! Ensures that a problem's status, headers and document agree, and that the boundary can log what
//! was refused. Decides nothing.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use slugline_core::problem::{Code, FieldError, Problem};
use slugline_engine::intake::problem_of;
use slugline_engine::store::StoreError;

/// What a handler answers.
pub(crate) type Answered = Result<Response, Refusal>;

/// A problem as a response. The response carries the [`Problem`] as an extension for the log.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Problem);

impl Refusal {
    /// A refusal with a sentence.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Problem::new(code, detail))
    }

    /// A refusal for one field or query parameter.
    pub(crate) fn field(path: &str, message: impl Into<String>) -> Self {
        Self(Problem::fields(
            Code::InvalidRequest,
            vec![FieldError::new(path, message)],
        ))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self(problem_of(&error))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (
            status,
            [(CONTENT_TYPE, kind)],
            self.0.document().to_string(),
        )
            .into_response();
        if let Some(seconds) = self.0.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.0);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_retry_after_are_the_problems() {
        let response =
            Refusal(Problem::new(Code::QueueFull, "full").retry_after(10)).into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[RETRY_AFTER], "10");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }
}
