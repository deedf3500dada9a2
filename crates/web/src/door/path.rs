//! Names in paths.
//!
//! Ensures that a name that does not decode is a problem document, like everything else.

use std::borrow::Cow;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::refusal::Refusal;

/// What webhooks come under.
const HOOKS: &str = "hooks";

/// A path as it may be shown: what stands behind a source in `/hooks/SOURCE/…` may be its secret, also
/// where nothing of ours is.
pub(crate) fn shown(path: &str) -> Cow<'_, str> {
    let mut before = 0;
    for segment in path.split_inclusive('/') {
        before += segment.len();
        if segment.trim_end_matches('/').eq_ignore_ascii_case(HOOKS) {
            let rest = &path[before..];
            let source = rest.find('/').map_or(rest.len(), |at| at + 1);
            return match rest.len() > source {
                true => format!("{}[hidden]", &path[..before + source]).into(),
                false => path.into(),
            };
        }
    }
    path.into()
}

/// The first variable segment of a path, percent-decoded.
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let decoded = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Path(segments) =
            decoded.map_err(|rejection| Refusal::field("(path)", rejection.body_text()))?;
        let first = segments.into_iter().next();
        Ok(Self(first.map(|(_, text)| text).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for (path, seen) in [
            ("/v1/content/a", "/v1/content/a"),
            ("/hooks/cms", "/hooks/cms"),
            ("/hooks/cms/", "/hooks/cms/"),
            ("/hooks/cms/s3cret", "/hooks/cms/[hidden]"),
            ("//Hooks/cms/s3cret/", "//Hooks/cms/[hidden]"),
            ("/behind/hooks/cms//s3cret", "/behind/hooks/cms/[hidden]"),
        ] {
            assert_eq!(shown(path), seen);
        }
    }
}
