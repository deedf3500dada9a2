//! A classified error of one run.
//!
//! Ensures that an HTTP answer or a broken connection is classified in one place, the same way for
//! every vendor; a connector adds only what its vendor says differently.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::http::{Response, SendError};
use crate::reason::{ErrorClass, Reason};
use crate::time::Timestamp;

/// Longest wait that a destination's Retry-After may ask for; an hour more is a mistake.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// Characters of a vendor's message that are kept.
const MAX_MESSAGE: usize = 500;

/// What went wrong in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable reason; its class decides what happens next.
    pub reason: Reason,
    /// What was wrong, where, for people. Never contains a secret.
    pub message: String,
    /// The fields that were refused, as in `payload.title`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The destination's own wish; a floor for the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Failure {
    /// A failure with a sentence of its own.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if let Some((cut, _)) = message.char_indices().nth(MAX_MESSAGE) {
            message.truncate(cut);
        }
        Self {
            reason,
            message,
            fields: Vec::new(),
            retry_after: None,
            status: None,
        }
    }

    /// Names the refused fields.
    #[must_use]
    pub fn with_fields(mut self, fields: impl IntoIterator<Item = String>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// The class of the failure's reason.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        self.reason.class()
    }

    /// Whether the destination as a whole seems to be down: such failures make it probed by one
    /// job while the others wait.
    #[must_use]
    pub fn speaks_of_outage(&self) -> bool {
        matches!(
            self.reason,
            Reason::Unreachable | Reason::ServerError | Reason::NoAnswer
        )
    }

    /// Classifies a request that got no answer. `wrote` says whether it could change anything.
    #[must_use]
    pub fn from_send_error(error: &SendError, wrote: bool, what: &str) -> Self {
        let reason = match error {
            SendError::NotSent(_) => Reason::Unreachable,
            SendError::NoAnswer(_) if wrote => Reason::NoAnswer,
            SendError::NoAnswer(_) => Reason::Unreachable,
            SendError::Refused(_) => Reason::AddressRefused,
            SendError::TooLarge(_) => Reason::UnexpectedAnswer,
            SendError::LeaseLost => Reason::Interrupted,
            SendError::NoCredential(failure) => return failure.as_ref().clone(),
        };
        Self::new(reason, format!("{what}: {error}"))
    }

    /// Classifies an answer that is not 2xx by its status alone (RFC 9110); `said` is what the
    /// vendor's body says, `now` resolves a Retry-After date.
    #[must_use]
    pub fn from_response(response: &Response, what: &str, said: &str, now: Timestamp) -> Self {
        let reason = match response.status {
            300..=399 => Reason::Redirected,
            401 => Reason::CredentialsRefused,
            403 => Reason::PermissionDenied,
            408 | 425 | 500..=599 => Reason::ServerError,
            409 | 412 => Reason::Conflict,
            410 => Reason::EndpointGone,
            429 => Reason::Throttled,
            400..=499 => Reason::InvalidContent,
            _ => Reason::UnexpectedAnswer,
        };
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(": {said}")
        };
        let mut failure = Self::new(reason, format!("{what} answered {}{said}", response.status));
        failure.status = Some(response.status);
        failure.retry_after = response
            .header("retry-after")
            .and_then(|text| retry_after(text, now));
        failure
    }
}

/// Reads a Retry-After header (RFC 9110 §10.2.3): seconds or an HTTP date; capped.
#[must_use]
pub fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let wait = match text.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = httpdate::parse_http_date(text.trim()).ok()?;
            let since_epoch = at.duration_since(std::time::UNIX_EPOCH).ok()?;
            Timestamp(0).plus(since_epoch).since(now)
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_takes_seconds_and_dates_and_is_capped() {
        let now = Timestamp::parse("2026-11-21T10:00:00Z").unwrap();
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(
            retry_after("Sat, 21 Nov 2026 10:00:30 GMT", now),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            retry_after("Sat, 21 Nov 2026 09:00:30 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("86400000", now), Some(MAX_RETRY_AFTER));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn a_lost_answer_is_unknown_only_after_a_write() {
        let lost = SendError::NoAnswer("reset".into());
        assert_eq!(
            Failure::from_send_error(&lost, true, "x").class(),
            ErrorClass::Unknown
        );
        assert_eq!(
            Failure::from_send_error(&lost, false, "x").class(),
            ErrorClass::Transient
        );
    }
}
