//! What was sent and what was answered, written down for a person.
//!
//! Ensures that no credential is in it: of the headers only those are shown that hold none, what the others hold is
//! blotted out wherever it comes up again, and so is whatever stands under a name that speaks of a secret. Bodies
//! are cut short, and those that are not text are only counted. Does not know secrets that have neither such a
//! name nor such a place.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::{Captures, Regex};
use serde::{Deserialize, Serialize};

use crate::http::{Request, Response, SendError};
use crate::time::Timestamp;

/// Bytes of a body that are shown: an error's explanation, or where a document begins.
pub const EXCERPT: usize = 1024;
/// Stands where something was left out.
const BLOT: &str = "…";
/// The shortest value that is blotted out elsewhere: shorter ones are words of the language.
const LEAST_SECRET: usize = 6;
/// Characters from which on a segment of a path with letters and digits is taken for a token; ids of entries are
/// shorter.
const LONG_SEGMENT: usize = 24;

/// Headers that hold no credential and say something about a failure.
const SHOWN: [&str; 26] = [
    "accept",
    "allow",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "last-modified",
    "location",
    "retry-after",
    "server",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "x-contentful-version",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
    "x-wp-total",
    "x-wp-totalpages",
];

/// A request and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// When it was sent.
    pub at: Timestamp,
    /// Milliseconds until its end.
    pub took_ms: u64,
    /// `GET`, `POST` and the like.
    pub method: String,
    /// Where to.
    pub url: String,
    /// What was sent.
    pub request: Message,
    /// The answer's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Message>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Headers and body of one direction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Headers by name; `…` stands for what is not shown.
    pub headers: BTreeMap<String, String>,
    /// The beginning of the body, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Bytes of the whole body.
    pub body_bytes: usize,
}

/// What went out and came back, with the sizes of the bodies before they were cut.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When it was sent.
    pub at: Timestamp,
    /// Milliseconds until its end.
    pub took_ms: u64,
    /// The request; its body may be cut.
    pub request: Request,
    /// Bytes of the request's whole body.
    pub request_bytes: usize,
    /// What came of it; the answer's body may be cut.
    pub outcome: Result<Response, SendError>,
    /// Bytes of the answer's whole body.
    pub response_bytes: usize,
}

impl Sent {
    /// What a person may read of it.
    #[must_use]
    pub fn describe(&self) -> Exchange {
        let mut secrets = hidden(&self.request.headers);
        let answer = self.outcome.as_ref().ok();
        secrets.extend(answer.iter().flat_map(|answer| hidden(&answer.headers)));
        // The longest first: one may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let message = |headers, body: &[u8], whole| Message {
            headers: shown(headers, &secrets),
            body: excerpt(body, whole, &secrets),
            body_bytes: whole,
        };
        Exchange {
            at: self.at,
            took_ms: self.took_ms,
            method: self.request.method.as_str().to_owned(),
            url: place(&self.request.url, &secrets),
            request: message(
                &self.request.headers,
                &self.request.body,
                self.request_bytes,
            ),
            status: answer.map(|answer| answer.status),
            response: answer
                .map(|answer| message(&answer.headers, &answer.body, self.response_bytes)),
            error: self
                .outcome
                .as_ref()
                .err()
                .map(|error| blot(&error.to_string(), &secrets)),
        }
    }
}

/// What headers hold that are not shown: whole, and without the scheme.
fn hidden(headers: &[(String, String)]) -> Vec<String> {
    let values = headers.iter().filter(|(name, _)| !is_shown(name));
    let parts = values.flat_map(|(_, value)| {
        let after_scheme = value.split_once(' ').map(|(_, rest)| rest.trim());
        [Some(value.as_str()), after_scheme].into_iter().flatten()
    });
    parts
        .filter(|value| value.len() >= LEAST_SECRET)
        .map(str::to_owned)
        .collect()
}

fn is_shown(name: &str) -> bool {
    SHOWN.contains(&name)
}

fn shown(headers: &[(String, String)], secrets: &[String]) -> BTreeMap<String, String> {
    let value = |name: &str, value: &str| match (is_shown(name), name) {
        (true, "location") => place(value, secrets),
        (true, _) => blot(value, secrets),
        (false, _) => BLOT.to_owned(),
    };
    let named = headers
        .iter()
        .map(|(name, text)| (name.clone(), value(name, text)));
    named.collect()
}

/// The beginning of a body, if it is text.
fn excerpt(body: &[u8], whole: usize, secrets: &[String]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        // It was cut inside a character.
        Err(error) if error.error_len().is_none() && body.len() < whole => {
            std::str::from_utf8(&body[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.contains('\0') {
        return None;
    }
    // First blotted, then cut: a cut must not take the name away from its secret.
    let mut text = blot(text, secrets);
    if text.len() > EXCERPT {
        text.truncate(text.floor_char_boundary(EXCERPT));
        text.push_str(BLOT);
    } else if body.len() < whole {
        text.push_str(BLOT);
    }
    Some(text)
}

/// A member, a field or a parameter whose name speaks of a secret, with what stands for it.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = "[a-z0-9_.-]*(?:token|secret|passw|api[_-]?key|access[_-]?key|private[_-]?key|authorization|signature|credential|cookie|session)[a-z0-9_.-]*";
    let value = r#""(?:[^"\\]|\\.)*"?|[^\s&;,<>"}\]]+"#;
    Regex::new(&format!(
        r#"(?i)(\\?"?{name}\\?"?\s*[:=]\s*)(?:(?:bearer|basic)\s+)?(?:{value})"#
    ))
    .ok()
});

/// Without what is known to be secret, and what is named so.
fn blot(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), BLOT);
        }
    }
    match NAMED.as_ref() {
        Some(named) => named
            .replace_all(&text, format!("${{1}}{BLOT}"))
            .into_owned(),
        // A pattern that does not compile shows nothing; a test keeps that from happening.
        None => BLOT.to_owned(),
    }
}

/// Where names and passwords stand before a host, and a segment of a path.
static AUTHORITY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("://[^/@?#]*@").ok());
static SEGMENT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("/[A-Za-z0-9_~.-]+").ok());

/// An address without credentials: those before the host, in the query, and long tokens in the path.
fn place(url: &str, secrets: &[String]) -> String {
    let (Some(authority), Some(segment)) = (AUTHORITY.as_ref(), SEGMENT.as_ref()) else {
        return BLOT.to_owned();
    };
    let url = blot(url, secrets);
    let url = authority.replace(&url, "://");
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url.as_ref(), None),
    };
    let (host, path) = match path.find("://").map(|scheme| scheme + 3) {
        Some(host) => path.split_at(host),
        None => ("", path),
    };
    let path = segment.replace_all(path, |found: &Captures<'_>| {
        let text = &found[0];
        let has = |of: fn(&u8) -> bool| text.as_bytes().iter().any(of);
        let is_token =
            text.len() > LONG_SEGMENT && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        match is_token {
            true => format!("/{BLOT}"),
            false => text.to_owned(),
        }
    });
    match query {
        Some(query) => format!("{host}{path}?{query}"),
        None => format!("{host}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::http::Method;

    fn sent(request: Request, status: u16, answer: &str) -> Sent {
        let (request_bytes, response_bytes) = (request.body.len(), answer.len());
        let outcome = Ok(Response {
            status,
            headers: vec![("content-type".into(), "text/plain".into())],
            body: Bytes::from(answer.to_owned()),
        });
        Sent {
            at: Timestamp(1),
            took_ms: 5,
            request,
            request_bytes,
            outcome,
            response_bytes,
        }
    }

    #[test]
    fn a_person_reads_what_was_sent_and_answered() {
        let request = Request::new(Method::Post, "https://cms.example/wp/v2/posts?context=edit")
            .header("authorization", "Basic cHVibGlzaGVyOnMzY3JldA==")
            .json(&serde_json::json!({"title": "Hello"}));
        let exchange = sent(request, 422, "no summary").describe();
        assert_eq!(
            serde_json::to_value(&exchange).unwrap(),
            serde_json::json!({
                "at": "1970-01-01T00:00:00.000001Z", "took_ms": 5, "method": "POST",
                "url": "https://cms.example/wp/v2/posts?context=edit",
                "request": {"headers": {"authorization": "…", "content-type": "application/json"},
                    "body": "{\"title\":\"Hello\"}", "body_bytes": 17},
                "status": 422,
                "response": {"headers": {"content-type": "text/plain"}, "body": "no summary", "body_bytes": 10}
            })
        );
    }

    #[test]
    fn what_is_named_a_secret_is_blotted_out() {
        for (text, expected) in [
            ("token=abc123&title=x", "token=…&title=x"),
            (
                r#"{"access_token":"abc","id":1}"#,
                r#"{"access_token":…,"id":1}"#,
            ),
            (
                r#"{"client_secret": "a\"b" , "id":1}"#,
                r#"{"client_secret": … , "id":1}"#,
            ),
            ("Authorization: Bearer abc.def", "Authorization: …"),
            ("the api_key: k-1, please", "the api_key: …, please"),
            (r#"{"apiKey":"never ends"#, r#"{"apiKey":…"#),
            ("a title about tokens", "a title about tokens"),
        ] {
            assert_eq!(blot(text, &[]), expected, "{text}");
        }
    }

    #[test]
    fn an_address_keeps_its_way_and_loses_its_keys() {
        for (url, expected) in [
            (
                "https://u:p@host/x?sig=1&signature=2",
                "https://host/x?sig=1&signature=…",
            ),
            (
                "https://host/hooks/5f3a9c0d1e2b4a6c8d7e9f0a1b2c",
                "https://host/hooks/…",
            ),
            (
                "https://host/wp-json/wp/v2/posts/12",
                "https://host/wp-json/wp/v2/posts/12",
            ),
            (
                "https://a-very-long-host-name-1.example.com/x",
                "https://a-very-long-host-name-1.example.com/x",
            ),
        ] {
            assert_eq!(place(url, &[]), expected);
        }
    }

    #[test]
    fn long_bodies_are_cut_and_others_counted() {
        let long = "é".repeat(EXCERPT);
        let text = excerpt(long.as_bytes(), long.len(), &[]).unwrap();
        assert!(text.ends_with(BLOT) && text.len() <= EXCERPT + BLOT.len());
        assert_eq!(excerpt(&"é".as_bytes()[..1], 2, &[]), Some(BLOT.into()));
        assert_eq!(excerpt(b"\x89PNG\xff", 5, &[]), None);
        assert_eq!(excerpt(b"", 0, &[]), None);
    }

    proptest! {
        #[test]
        fn no_credential_is_told_again(secret in "[A-Za-z0-9+/=_-]{6,40}", before in ".{0,30}", after in ".{0,30}", near in 0_usize..1100) {
            let filler = "x".repeat(near);
            let echo = format!("{filler}{before} {secret} {after}");
            let request = Request::new(Method::Post, format!("https://host/in?x={secret}"))
                .header("x-custom", secret.clone())
                .header("authorization", format!("Bearer {secret}"))
                .body(echo.clone());
            let told = serde_json::to_string(&sent(request, 400, &echo).describe()).unwrap();
            let innocent = serde_json::to_string(&sent(Request::new(Method::Post, "https://host/in?x="), 400, "").describe()).unwrap();
            prop_assume!(!innocent.contains(&secret) && !"x-custom authorization application content-type Bearer".contains(&secret) && !filler.contains(&secret));
            let clean = format!("{before} {after}");
            prop_assume!(!clean.contains(&secret));
            prop_assert!(!told.contains(&secret), "{told}");
        }
    }
}
