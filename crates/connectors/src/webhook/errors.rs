//! What a receiver's refusal means, as Standard Webhooks 1.0 and RFC 9110 have it.
//!
//! Ensures that a refusal of the message is told apart from an address that is wrong for now.

use slugline_core::failure::Failure;
use slugline_core::http::Response;
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;

use super::deliver::RECEIVER;

/// Bytes of a receiver's answer that are read for a message: error pages can be long.
const MAX_READ: usize = 2_048;
/// Characters of a receiver's answer that are shown.
const MAX_SAID: usize = 200;

/// Classifies an answer that is not 2xx.
pub(super) fn classify(response: &Response, now: Timestamp) -> Failure {
    let mut failure = Failure::from_response(response, RECEIVER, &said(response), now);
    failure.reason = match response.status {
        // The specification: throttle, as on 429.
        502 | 504 => Reason::Throttled,
        // The message itself is refused: sending the same again cannot help.
        400 | 413 | 415 | 422 => Reason::InvalidContent,
        401 | 403 | 408..=410 | 412 | 425 | 429 => failure.reason,
        // Such as 404 and 405 while the receiver is being deployed: try again, then ask a person.
        402..=499 => Reason::UnexpectedAnswer,
        _ => failure.reason,
    };
    failure
}

/// The beginning of the answer's body as one line.
fn said(response: &Response) -> String {
    let beginning = response
        .body
        .iter()
        .copied()
        .take(MAX_READ)
        .collect::<Vec<u8>>();
    let text = String::from_utf8_lossy(&beginning);
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(MAX_SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn classified(status: u16) -> Failure {
        let headers = vec![("retry-after".to_owned(), "7".to_owned())];
        let body = "no\n\n  thanks".into();
        classify(
            &Response {
                status,
                headers,
                body,
            },
            Timestamp(0),
        )
    }

    #[test]
    fn statuses_mean_what_the_specification_says() {
        let expected = [
            (301, Reason::Redirected),
            (400, Reason::InvalidContent),
            (401, Reason::CredentialsRefused),
            (403, Reason::PermissionDenied),
            (404, Reason::UnexpectedAnswer),
            (408, Reason::ServerError),
            (409, Reason::Conflict),
            (410, Reason::EndpointGone),
            (422, Reason::InvalidContent),
            (429, Reason::Throttled),
            (500, Reason::ServerError),
            (502, Reason::Throttled),
            (503, Reason::ServerError),
            (504, Reason::Throttled),
        ];
        for (status, reason) in expected {
            assert_eq!(classified(status).reason, reason, "{status}");
        }
    }

    #[test]
    fn the_receivers_own_words_and_wishes_are_kept() {
        let failure = classified(502);
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(
            failure.message,
            "the webhook's receiver answered 502: no thanks"
        );
    }
}
