//! Names in paths.
//!
//! Ensures that a name that does not decode is a problem document, like everything else.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::refusal::Refusal;

/// The only variable segment of a path, percent-decoded.
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let decoded = Path::<String>::from_request_parts(parts, state).await;
        decoded
            .map(|Path(text)| Self(text))
            .map_err(|rejection| Refusal::field("(path)", rejection.body_text()))
    }
}
