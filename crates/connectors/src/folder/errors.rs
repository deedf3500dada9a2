//! What a failed file operation means.
//!
//! Ensures that it counts as the directory's fault, not the network's: an unmounted disk comes back.

use slugline_core::failure::Failure;
use slugline_core::http::SendError;
use slugline_core::port::FileReply;
use slugline_core::reason::Reason;

/// Classifies an operation that was not answered.
pub(super) fn failure(error: &SendError, writes: bool, what: &str) -> Failure {
    let mut failure = Failure::from_send_error(error, writes, what);
    failure.reason = match error {
        SendError::NotSent(_) | SendError::TooLarge(_) => Reason::LocalStorage,
        SendError::NoAnswer(_) if !writes => Reason::LocalStorage,
        SendError::Refused(_) => Reason::Misconfigured,
        SendError::NoAnswer(_) | SendError::LeaseLost | SendError::NoCredential(_) => {
            failure.reason
        }
    };
    failure
}

/// An answer to another question.
pub(super) fn unexpected(reply: &FileReply) -> Failure {
    let message = format!("a file operation was answered with {reply:?}");
    Failure::new(Reason::UnexpectedAnswer, message)
}
