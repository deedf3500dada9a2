//! Query parameters, strictly: a misspelt filter must not silently mean "everything".
//!
//! Ensures that unknown, doubled and ill-typed parameters are refused as problem documents, and
//! that a page has a bounded size. Cursors are opaque to callers.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slugline_engine::store::{Page, Paged};

use crate::refusal::Refusal;

/// Items of a page when the caller does not say.
const USUAL_PAGE: usize = 50;
/// Items of a page at most; a caller that asks for more gets these and a cursor.
const LARGEST_PAGE: usize = 500;

/// The query parameters as a `T` that denies unknown fields.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let parsed = Query::try_from_uri(&parts.uri).map(|Query(value)| Self(value));
        parsed.map_err(|rejection| Refusal::field("(query)", rejection.body_text()))
    }
}

/// The parameters of a list without filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slice {
    limit: Option<usize>,
    cursor: Option<String>,
}

impl Slice {
    pub(crate) fn page(&self) -> Result<Page, Refusal> {
        page(self.limit, self.cursor.as_deref())
    }
}

/// The page that `limit` and `cursor` ask for.
pub(crate) fn page(limit: Option<usize>, cursor: Option<&str>) -> Result<Page, Refusal> {
    let limit = limit.unwrap_or(USUAL_PAGE);
    if limit == 0 {
        return Err(Refusal::field("limit", "must be at least 1"));
    }
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
    let cursor = cursor.map(|text| {
        number(text).ok_or_else(|| Refusal::field("cursor", "must be a next_cursor of this list"))
    });
    Ok(Page {
        limit: limit.min(LARGEST_PAGE),
        cursor: cursor.transpose()?,
    })
}

/// A page on the wire.
#[derive(Serialize)]
pub(crate) struct List<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl<T> From<Paged<T>> for List<T> {
    fn from(paged: Paged<T>) -> Self {
        Self {
            items: paged.items,
            next_cursor: paged.next_cursor.map(|cursor| cursor.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_bounded() {
        assert_eq!(
            page(None, None).unwrap(),
            Page {
                limit: USUAL_PAGE,
                cursor: None
            }
        );
        assert_eq!(
            page(Some(10_000), Some("7")).unwrap(),
            Page {
                limit: LARGEST_PAGE,
                cursor: Some(7)
            }
        );
        assert!(page(Some(0), None).is_err());
        assert!(page(None, Some("-1")).is_err() && page(None, Some("x")).is_err());
    }
}
