//! A page of the log as a batch of CloudEvents.
//!
//! Ensures that a batch is what every client of CloudEvents takes, a bare array, in the version that was asked
//! for. The cursor is therefore in a header.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, LINK};
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use slugline_core::contract::{BATCH, CURRENT, Origin, VERSIONS, Written, from_log};
use slugline_core::event::LogEntry;
use slugline_engine::store::Paged;

use crate::refusal::{Answered, Refusal};

/// The version that is asked for: the current one unless the caller says another.
pub(super) fn version(asked: Option<u32>) -> Result<u32, Refusal> {
    let version = asked.unwrap_or(CURRENT);
    if VERSIONS.contains(&version) {
        return Ok(version);
    }
    let message = format!("{version} is not a version of the contract; there are {VERSIONS:?}");
    Err(Refusal::field("schema_version", message))
}

/// The page in this version. `server`: its URL as the world knows it.
pub(super) fn answer(page: Paged<LogEntry>, version: u32, server: &str, asked: &Uri) -> Answered {
    let next = page.next_cursor;
    let mut response = list(&page.items, server, version);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(BATCH));
    if let Some(cursor) = next {
        headers.insert(LINK, link(asked.query().unwrap_or_default(), cursor)?);
    }
    Ok(response)
}

fn list(entries: &[LogEntry], server: &str, version: u32) -> Response {
    let write = |entry| Written::of(from_log(entry), version, Origin::Log(server));
    Json(entries.iter().filter_map(write).collect::<Vec<_>>()).into_response()
}

/// The next page, with all that was asked for. Relative to the URL of the request, which a proxy may have
/// put under a path that is not known here.
fn link(query: &str, cursor: i64) -> Result<HeaderValue, Refusal> {
    let is_place = |part: &&str| matches!(part.split('=').next(), Some("after" | "cursor"));
    let after = format!("after={cursor}");
    let kept = query
        .split('&')
        .filter(|part| !part.is_empty() && !is_place(part));
    let parts: Vec<&str> = kept.chain([after.as_str()]).collect();
    let target = utf8_percent_encode(&parts.join("&"), CONTROLS).to_string();
    HeaderValue::try_from(format!("<?{target}>; rel=\"next\""))
        .map_err(|why| Refusal::field("(query)", why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_keeps_what_was_asked_for() {
        let to = |query: &str| link(query, 12).unwrap().to_str().unwrap().to_owned();
        assert_eq!(to(""), r#"<?after=12>; rel="next""#);
        assert_eq!(
            to("after=3&limit=2&content_id=a%2Fb&schema_version=1"),
            r#"<?limit=2&content_id=a%2Fb&schema_version=1&after=12>; rel="next""#
        );
        assert_eq!(to("cursor=3"), r#"<?after=12>; rel="next""#);
        assert_eq!(
            to("actor=tökén"),
            r#"<?actor=t%C3%B6k%C3%A9n&after=12>; rel="next""#
        );
    }

    #[test]
    fn only_known_versions_are_given() {
        assert_eq!(version(None).ok(), Some(3));
        assert_eq!(version(Some(1)).ok(), Some(1));
        assert!(version(Some(0)).is_err() && version(Some(4)).is_err());
    }
}
