//! What a failed exchange means: not sent, or sent and unanswered.
//!
//! Ensures that "not sent" is said only when no byte of the request can have been read.

use std::error::Error;

use http_body_util::LengthLimitError;
use hyper_util::client::legacy;
use slugline_core::http::SendError;

use super::in_time::Late;
use super::resolver::Refused;

/// Reads why there is no answer to a request.
pub(super) fn of_request(error: &legacy::Error, host: &str) -> SendError {
    if let Some(Refused(why)) = cause(error) {
        return SendError::Refused(why.clone());
    }
    let why = format!("{host}: {}", chain(error));
    // A cancelled request was handed back by the connection before its first byte was written.
    let handed_back = cause::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled);
    let late = cause::<Late>(error).is_some();
    if error.is_connect() || handed_back || late {
        SendError::NotSent(why)
    } else {
        SendError::NoAnswer(why)
    }
}

/// Reads why a body did not come to its end.
pub(super) fn of_body(error: &(dyn Error + Send + Sync + 'static), limit: usize) -> SendError {
    if error.is::<LengthLimitError>() {
        return SendError::TooLarge(limit);
    }
    SendError::NoAnswer(format!("the answer broke off: {}", chain(error)))
}

/// The first error of type `T` in a chain of causes.
fn cause<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error hides the error that it was made from.
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref()) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The last two causes, which say what happened; the first only says that the client failed.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = error.source().or(Some(error));
    while let Some(error) = next {
        let text = error.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        next = error.source();
    }
    words.split_off(words.len().saturating_sub(2)).join(": ")
}
