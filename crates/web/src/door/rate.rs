//! How often one token may ask.
//!
//! Ensures that a client that is over its rate hears when to come back, and that one within it can
//! see how much is left (`RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers,
//! September 2025). Off when not configured.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use slugline_core::budget::TokenBucket;
use slugline_core::item::Class;
use slugline_core::problem::{Code, Problem};
use slugline_core::time::Timestamp;

/// The class is known only after the body was read, so no part is kept for urgent requests here.
const WHOLE_BUCKET: Class = Class::Urgent;

/// One bucket per token name; as many as there are tokens.
pub(crate) struct Rates {
    limit: Option<(u32, Duration)>,
    buckets: Mutex<BTreeMap<String, TokenBucket>>,
}

/// What a token has left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    count: u32,
    period: Duration,
    left: usize,
    /// Set when this request is over the rate: how long until the next one fits.
    wait: Option<Duration>,
}

impl Rates {
    pub(crate) fn new(limit: Option<(u32, Duration)>) -> Self {
        Self {
            limit,
            buckets: Mutex::default(),
        }
    }

    /// Counts a request; `None` when there is no limit.
    pub(crate) fn take(&self, token: &str, now: Timestamp) -> Option<Quota> {
        let (count, period) = self.limit?;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(token) {
            buckets.insert(token.to_owned(), TokenBucket::new(count, period, now));
        }
        let bucket = buckets.get_mut(token)?;
        let wait = (!bucket.take(WHOLE_BUCKET, now)).then(|| bucket.wait(WHOLE_BUCKET));
        Some(Quota {
            count,
            period,
            left: bucket.available(WHOLE_BUCKET, now),
            wait,
        })
    }
}

impl Quota {
    /// The refusal of a request over the rate.
    pub(crate) fn objection(&self) -> Option<Problem> {
        let seconds = whole_seconds(self.wait?);
        let detail = format!(
            "this token may send {} requests per {} s; come back in {seconds} s",
            self.count,
            whole_seconds(self.period)
        );
        Some(Problem::new(Code::RateLimited, detail).retry_after(seconds))
    }

    /// Adds the draft's two headers.
    pub(crate) fn describe(&self, headers: &mut HeaderMap) {
        let policy = format!(
            "\"token\";q={};w={}",
            self.count,
            whole_seconds(self.period)
        );
        let reset = self
            .wait
            .map(|wait| format!(";t={}", whole_seconds(wait)))
            .unwrap_or_default();
        let left = format!("\"token\";r={}{reset}", self.left);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// Rounded up, and at least one: a client that waits so long finds room.
fn whole_seconds(duration: Duration) -> u64 {
    duration
        .as_millis()
        .div_ceil(1_000)
        .max(1)
        .try_into()
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_of_two_requests_hears_when_to_come_back() {
        let rates = Rates::new(Some((2, Duration::from_secs(60))));
        let take = |seconds: i64| rates.take("ops", Timestamp(seconds * 1_000_000)).unwrap();
        assert_eq!(take(0).left, 1);
        assert_eq!(take(0).objection(), None);
        let refused = take(0).objection().unwrap();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::RateLimited, Some(30))
        );
        assert_eq!(take(30).objection(), None);
    }

    #[test]
    fn tokens_do_not_share_a_rate_and_none_is_unlimited() {
        let rates = Rates::new(Some((1, Duration::from_secs(1))));
        assert_eq!(rates.take("a", Timestamp(0)).unwrap().objection(), None);
        assert_eq!(rates.take("b", Timestamp(0)).unwrap().objection(), None);
        assert_eq!(Rates::new(None).take("a", Timestamp(0)), None);
    }

    #[test]
    fn the_headers_are_structured_fields() {
        let mut headers = HeaderMap::new();
        Quota {
            count: 2,
            period: Duration::from_secs(60),
            left: 0,
            wait: Some(Duration::from_millis(1_500)),
        }
        .describe(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"token\";q=2;w=60");
        assert_eq!(headers["ratelimit"], "\"token\";r=0;t=2");
    }
}
