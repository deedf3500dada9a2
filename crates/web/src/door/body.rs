//! Bodies, read with limits.
//!
//! Ensures that a body is refused while it is read, not afterwards, once it is too large or too
//! slow, and that the refused client has a chance to read the answer. Does not look inside.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use slugline_core::problem::{Code, Problem};

use crate::refusal::Refusal;

/// Bytes of a refused body that are read and thrown away: a client that only writes would otherwise
/// meet a reset connection in place of the answer.
const THROWN_AWAY: usize = 8 * 1024 * 1024;

/// What a body may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// Bytes.
    pub(crate) size: usize,
    /// From the first byte that is awaited to the last.
    pub(crate) time: Duration,
}

/// Reads a body whole.
pub(crate) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    allowed: Allowed,
) -> Result<Bytes, Problem> {
    let reading = async {
        let read = if declares_more(headers, allowed.size) {
            None
        } else {
            collect(&mut body, allowed.size).await?
        };
        match read {
            Some(bytes) => Ok(bytes),
            None => {
                throw_away(&mut body).await;
                Err(Problem::new(
                    Code::TooLarge,
                    format!("the body has more than {} bytes", allowed.size),
                ))
            }
        }
    };
    let late = || {
        Problem::new(
            Code::RequestTimeout,
            format!("the body did not come within {} s", allowed.time.as_secs()),
        )
    };
    tokio::time::timeout(allowed.time, reading)
        .await
        .unwrap_or_else(|_| Err(late()))
}

/// A small body's JSON.
pub(crate) async fn json<T: DeserializeOwned>(
    request: Request,
    allowed: Allowed,
) -> Result<T, Refusal> {
    let (parts, body) = request.into_parts();
    require_json(&parts.headers)?;
    let raw = read(body, &parts.headers, allowed).await?;
    decode(&raw)
}

/// What a body says, as JSON.
pub(crate) fn decode<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(raw).map_err(|why| match why.is_data() {
        true => Refusal::field("(body)", why.to_string()),
        false => Refusal::new(Code::InvalidJson, why.to_string()),
    })
}

fn declares_more(headers: &HeaderMap, size: usize) -> bool {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    declared.is_some_and(|declared| declared > size as u64)
}

/// The body, or `None` when it has more than `size` bytes.
async fn collect(body: &mut Body, size: usize) -> Result<Option<Bytes>, Problem> {
    match Limited::new(body, size).collect().await {
        Ok(collected) => Ok(Some(collected.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(Problem::new(
            Code::InvalidRequest,
            format!("the body broke off: {error}"),
        )),
    }
}

async fn throw_away(body: &mut Body) {
    let mut seen = 0;
    while let Some(Ok(frame)) = body.frame().await {
        seen += frame.data_ref().map_or(0, Bytes::len);
        if seen > THROWN_AWAY {
            return;
        }
    }
}

/// Content types under which JSON arrives: its own, and the one that curl gives to any `-d` (a
/// browser's form cannot carry the token, so nothing is gained by refusing it).
const JSON_TYPES: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

/// Refuses what is not JSON by its content type; an absent one passes.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let known = |text: &str| {
        let essence = text.split(';').next().unwrap_or_default().trim();
        JSON_TYPES
            .iter()
            .any(|json| essence.eq_ignore_ascii_case(json))
    };
    if let Some(other) = headers
        .get(CONTENT_TYPE)
        .filter(|value| !value.to_str().is_ok_and(known))
    {
        let detail = format!("send application/json, not {other:?}");
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    require_plain(headers)
}

/// Refuses compressed bodies: their size is not the size that is limited.
pub(crate) fn require_plain(headers: &HeaderMap) -> Result<(), Problem> {
    match headers
        .get(CONTENT_ENCODING)
        .filter(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        None => Ok(()),
        Some(coding) => Err(Problem::new(
            Code::UnsupportedMediaType,
            format!("send the body as it is, not encoded as {coding:?}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use futures_util::stream;

    const ALLOWED: Allowed = Allowed {
        size: 4,
        time: Duration::from_secs(30),
    };

    fn chunks(parts: &'static [&'static str]) -> Body {
        Body::from_stream(stream::iter(
            parts.iter().map(|part| Ok::<_, std::io::Error>(*part)),
        ))
    }

    #[tokio::test]
    async fn a_body_is_measured_while_it_is_read() {
        let code = |outcome: Result<Bytes, Problem>| outcome.map_err(|problem| problem.code);
        let none = HeaderMap::new();
        assert_eq!(
            code(read(chunks(&["ab", "cd"]), &none, ALLOWED).await),
            Ok(Bytes::from("abcd"))
        );
        assert_eq!(
            code(read(chunks(&["ab", "cd", "e"]), &none, ALLOWED).await),
            Err(Code::TooLarge)
        );
        let declared = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static("5"))]);
        assert_eq!(
            code(read(chunks(&[]), &declared, ALLOWED).await),
            Err(Code::TooLarge)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let slow = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(
            read(slow, &HeaderMap::new(), ALLOWED)
                .await
                .unwrap_err()
                .code,
            Code::RequestTimeout
        );
    }

    #[test]
    fn only_plain_json_passes() {
        let with = |name, value| HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
        assert!(require_json(&HeaderMap::new()).is_ok());
        assert!(require_json(&with(CONTENT_TYPE, "Application/JSON; charset=utf-8")).is_ok());
        assert!(require_json(&with(CONTENT_TYPE, "application/x-www-form-urlencoded")).is_ok());
        assert!(require_json(&with(CONTENT_TYPE, "text/plain")).is_err());
        assert!(require_json(&with(CONTENT_TYPE, "application/jsonp")).is_err());
        assert!(require_json(&with(CONTENT_ENCODING, "gzip")).is_err());
    }
}
