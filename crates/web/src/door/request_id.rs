//! The name of one HTTP request, for the log and for whoever asks about it.
//!
//! Ensures that a sane `x-request-id` of the caller (or its proxy) is kept, that any other is
//! replaced, and that made ones are unique on a node. Says nothing of a publish's request id.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use slugline_core::time::Timestamp;

/// The header, in and out.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of an id that is kept; trace ids and UUIDs have 32 to 55.
const LONGEST: usize = 128;

/// Makes ids: the moment of the start, and a counter.
pub(crate) struct RequestIds {
    started: i64,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(started: Timestamp) -> Self {
        Self {
            started: started.0,
            next: AtomicU64::new(1),
        }
    }

    /// The id of a request: its own, or a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let own = headers
            .get(X_REQUEST_ID)
            .filter(|value| is_sane(value.as_bytes()));
        own.cloned().unwrap_or_else(|| self.make())
    }

    fn make(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("{:x}-{number:x}", self.started))
            .unwrap_or(HeaderValue::from_static("-"))
    }
}

fn is_sane(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=LONGEST).contains(&id.len()) && id.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        let ids = RequestIds::new(Timestamp(255));
        let of = |value: &str| {
            let headers =
                HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_str(value).unwrap())]);
            ids.of(&headers).to_str().unwrap().to_owned()
        };
        assert_eq!(of("7f3a-1.b_c"), "7f3a-1.b_c");
        assert_eq!(of("a b"), "ff-1");
        assert_eq!(of(&"x".repeat(LONGEST + 1)), "ff-2");
        assert_eq!(of("a\"},{\"level\":\"error"), "ff-3");
    }
}
