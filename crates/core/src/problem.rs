//! What the API refuses, and how it says so (RFC 9457 problem details).
//!
//! Ensures that every refusal has a stable code, a status and words that say what to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One thing wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where, as in `payload.media[0].url`.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FieldError {
    /// A complaint about the field at `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

/// The stable codes of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The body is not JSON, or not UTF-8.
    InvalidJson,
    /// A field is missing, unknown, of the wrong type or out of its limits.
    InvalidRequest,
    /// No key, or two that disagree.
    InvalidKey,
    /// The key was used for another request.
    IdempotencyKeyReused,
    /// No destination by route or by name.
    NoDestination,
    /// The same version came with another body.
    VersionConflict,
    /// An integer where the item has times, or the reverse.
    VersionKindMismatch,
    /// Another source owns the item.
    OwnedByOtherSource,
    /// Another item holds the slug.
    SlugTaken,
    /// A newer generation has taken the place of what was acted on.
    Superseded,
    /// What was acted on is in a state that does not allow it.
    IllegalState,
    /// What was acted on has changed since it was looked at.
    ChangedMeanwhile,
    /// There is no older generation to go back to.
    NothingToRestore,
    /// A destination would not take the content, as far as is known before asking it.
    WouldBeRefused,
    /// No such thing, or not within the caller's owner.
    NotFound,
    /// No such endpoint for this method.
    MethodNotAllowed,
    /// No token, or an unknown one.
    Unauthorized,
    /// The token's role or environments do not allow it.
    Forbidden,
    /// A webhook that is not proved to be the source's own.
    NotGenuine,
    /// A webhook that was signed too long ago, or too far ahead.
    OutOfTime,
    /// A webhook from an address that its source does not have.
    AddressNotAllowed,
    /// A webhook over a connection without a client certificate that its source has.
    CertificateNotAllowed,
    /// Over a size limit.
    TooLarge,
    /// Not a content type that is understood.
    UnsupportedMediaType,
    /// The body did not come in time.
    RequestTimeout,
    /// Over the token's request rate.
    RateLimited,
    /// The queue is over its threshold for this class.
    QueueFull,
    /// The disk is over its threshold.
    DiskLow,
    /// The server is stopping or not ready.
    Unavailable,
    /// A fault of ours; nothing was accepted.
    Internal,
}

impl Code {
    /// All codes, for documents and tests.
    pub const ALL: [Self; 30] = [
        Self::InvalidJson,
        Self::InvalidRequest,
        Self::InvalidKey,
        Self::IdempotencyKeyReused,
        Self::NoDestination,
        Self::VersionConflict,
        Self::VersionKindMismatch,
        Self::OwnedByOtherSource,
        Self::SlugTaken,
        Self::Superseded,
        Self::IllegalState,
        Self::ChangedMeanwhile,
        Self::NothingToRestore,
        Self::WouldBeRefused,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotGenuine,
        Self::OutOfTime,
        Self::AddressNotAllowed,
        Self::CertificateNotAllowed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::RequestTimeout,
        Self::RateLimited,
        Self::QueueFull,
        Self::DiskLow,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidJson | Self::InvalidKey => 400,
            Self::Unauthorized | Self::NotGenuine | Self::OutOfTime => 401,
            Self::Forbidden | Self::AddressNotAllowed | Self::CertificateNotAllowed => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::VersionConflict
            | Self::VersionKindMismatch
            | Self::OwnedByOtherSource
            | Self::SlugTaken
            | Self::Superseded
            | Self::IllegalState
            | Self::ChangedMeanwhile
            | Self::NothingToRestore => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::InvalidRequest
            | Self::IdempotencyKeyReused
            | Self::NoDestination
            | Self::WouldBeRefused => 422,
            Self::RateLimited | Self::QueueFull => 429,
            Self::Internal => 500,
            Self::DiskLow | Self::Unavailable => 503,
        }
    }

    /// A short title for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::InvalidJson => "The body is not valid JSON",
            Self::InvalidRequest => "The request has invalid fields",
            Self::InvalidKey => "The idempotency key is missing or ambiguous",
            Self::IdempotencyKeyReused => "The idempotency key was used for another request",
            Self::NoDestination => "No destination",
            Self::VersionConflict => "The same version came with another body",
            Self::VersionKindMismatch => "The version is of another kind than the item's",
            Self::OwnedByOtherSource => "The item belongs to another source",
            Self::SlugTaken => "The slug is taken by another item",
            Self::Superseded => "A newer generation has taken its place",
            Self::IllegalState => "Its state does not allow this",
            Self::ChangedMeanwhile => "It has changed meanwhile",
            Self::NothingToRestore => "Nothing older to go back to",
            Self::WouldBeRefused => "The destination would refuse it",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Unauthorized => "No valid token",
            Self::Forbidden => "Not allowed for this token",
            Self::NotGenuine => "The webhook is not proved to be genuine",
            Self::OutOfTime => "The webhook was signed outside the tolerance",
            Self::AddressNotAllowed => "The webhook comes from an address that is not allowed",
            Self::CertificateNotAllowed => {
                "The webhook comes without a client certificate that is allowed"
            }
            Self::TooLarge => "Too large",
            Self::UnsupportedMediaType => "Unsupported content type",
            Self::RequestTimeout => "The body did not come in time",
            Self::RateLimited => "Too many requests",
            Self::QueueFull => "The queue is full",
            Self::DiskLow => "The disk is nearly full",
            Self::Unavailable => "Not available now",
            Self::Internal => "Internal error",
        }
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// What was wrong and what to do, for this request.
    pub detail: String,
    /// Field by field, where there are fields.
    pub errors: Vec<FieldError>,
    /// Extra members of the problem document, such as `next_version`.
    pub extra: Map<String, Value>,
    /// Seconds for the `Retry-After` header.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A refusal with a sentence.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extra: Map::new(),
            retry_after: None,
        }
    }

    /// A refusal for these fields.
    #[must_use]
    pub fn fields(code: Code, errors: Vec<FieldError>) -> Self {
        let detail = errors
            .iter()
            .map(|e| format!("{}: {}", e.path, e.message))
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            errors,
            ..Self::new(code, detail)
        }
    }

    /// Adds a member to the problem document.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.extra.insert(name.to_owned(), json!(value));
        self
    }

    /// Sets `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The problem document (`application/problem+json`).
    #[must_use]
    pub fn document(&self) -> Value {
        let code = self.code.as_str();
        let mut members = self.extra.clone();
        members.insert("type".into(), json!(format!("urn:slugline:problem:{code}")));
        members.insert("title".into(), json!(self.code.title()));
        members.insert("status".into(), json!(self.code.status()));
        members.insert("code".into(), json!(code));
        members.insert("detail".into(), json!(self.detail));
        if !self.errors.is_empty() {
            members.insert("errors".into(), json!(self.errors));
        }
        Value::Object(members)
    }
}
