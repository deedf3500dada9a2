//! Why something failed or waits, in short stable codes.
//!
//! Ensures that each reason has one error class, one suggested action and one sentence: this table
//! is the only place where they are decided.

use serde::{Deserialize, Serialize};

/// What a person should do about a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuggestedAction {
    /// Run it again; it looks before it writes.
    Retry,
    /// Change the content first.
    EditThenRetry,
    /// Go back to the last good generation.
    Revert,
    /// Nothing more to do for this one.
    Skip,
    /// The destination refuses our credentials.
    FixCredentials,
    /// Somebody who knows the destination must look.
    Escalate,
}

/// How an error is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Passes by itself: try again later.
    Transient,
    /// The destination asks for patience.
    Throttled,
    /// Credentials were refused.
    Auth,
    /// The content is refused; trying again cannot help.
    Invalid,
    /// The destination is not in the state that was assumed: observe again.
    Conflict,
    /// The destination itself is gone.
    Gone,
    /// Sent, unanswered: look before writing again.
    Unknown,
}

macro_rules! reasons {
    ($($name:ident $code:literal $class:ident $action:ident $sentence:literal;)*) => {
        /// A stable reason code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $sentence] $name,)* }

        impl Reason {
            /// All reasons, for documents and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code on the wire.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How the error is treated.
            #[must_use]
            pub fn class(self) -> ErrorClass {
                match self { $(Self::$name => ErrorClass::$class,)* }
            }

            /// What a person should do about it.
            #[must_use]
            pub fn suggested_action(self) -> SuggestedAction {
                match self { $(Self::$name => SuggestedAction::$action,)* }
            }

            /// The reason as a sentence.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// Whether looking again finds the same: it lies in the content, or in what somebody did there.
            #[must_use]
            pub fn ends_a_look(self) -> bool {
                let lies_in_content = self.suggested_action() == SuggestedAction::EditThenRetry;
                self == Self::Diverged || (self.class() == ErrorClass::Invalid && lies_in_content)
            }

            /// The reason with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

reasons! {
    Unreachable "destination_unreachable" Transient Retry "The destination could not be reached.";
    ServerError "destination_error" Transient Retry "The destination answered with a server error.";
    Throttled "throttled" Throttled Retry "The destination asked us to slow down.";
    NoAnswer "unknown_outcome" Unknown Retry "The request was sent and no clear answer came; it may have been applied.";
    CredentialsRefused "credentials_refused" Auth FixCredentials "The destination refused the credentials.";
    PermissionDenied "permission_denied" Auth FixCredentials "The credentials do not allow this at the destination.";
    InvalidContent "invalid_content" Invalid EditThenRetry "The destination refused the content.";
    UnsupportedContent "unsupported_content" Invalid EditThenRetry "The destination cannot hold this content.";
    SlugTakenAtDestination "slug_taken_at_destination" Invalid EditThenRetry "An entry that is not ours holds the slug at the destination.";
    MediaUnreachable "media_unreachable" Transient EditThenRetry "A medium could not be fetched.";
    MediaRefused "media_refused" Invalid EditThenRetry "A medium's address is not allowed.";
    MediaInvalid "media_invalid" Invalid EditThenRetry "A medium is not what it says it is.";
    MediaMissing "media_missing" Invalid EditThenRetry "A medium's bytes are not stored here.";
    Diverged "diverged" Conflict Escalate "The entry was changed at the destination by somebody else.";
    Conflict "conflict" Conflict Retry "The destination was not in the state we had read.";
    VerifyMismatch "verify_mismatch" Conflict Retry "The destination was read back and does not show what was written.";
    EndpointGone "endpoint_gone" Gone Escalate "The destination says that it is gone for good.";
    Redirected "redirected" Invalid Escalate "The destination redirects; configure the address it points to.";
    AddressRefused "address_refused" Invalid Escalate "The destination's address is not allowed by the address guard.";
    UnexpectedAnswer "unexpected_answer" Transient Escalate "The destination's answer could not be understood.";
    Misconfigured "misconfigured" Invalid Escalate "The destination is not configured, or not for this.";
    DeadlineExceeded "deadline_exceeded" Transient Retry "The class's deadline passed.";
    Interrupted "interrupted" Unknown Retry "The run was interrupted; what it wrote will be looked up.";
    Busy "shared_thing_busy" Transient Retry "Another run holds a medium or term that this one needs.";
    DependencyNotLive "dependency_not_live" Transient Retry "What it depends on did not go live within the class's deadline.";
    DependencyCycle "dependency_cycle" Invalid EditThenRetry "It depends on what depends on it.";
    LocalStorage "local_storage" Transient Escalate "Slugline's own disk or the destination's directory failed.";
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::from_code(&code)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown reason {code:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
    }

    #[test]
    fn no_look_ends_because_nobody_answers_or_may_ask() {
        let ends = Reason::ALL.iter().filter(|reason| reason.ends_a_look());
        let ends: Vec<&str> = ends.map(|reason| reason.code()).collect();
        assert_eq!(
            ends,
            [
                "invalid_content",
                "unsupported_content",
                "slug_taken_at_destination",
                "media_refused",
                "media_invalid",
                "media_missing",
                "diverged",
                "dependency_cycle",
            ]
        );
    }
}
