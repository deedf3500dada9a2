//! HTTP exchanges as values.
//!
//! Ensures that connectors describe requests without owning a socket, and that what went wrong
//! says whether the request may have been received. Does not send anything.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::failure::Failure;

/// Bytes of an answer that a connector reads unless it asks for more: an entry with room to spare.
pub const DEFAULT_MAX_RESPONSE: usize = 8 * 1024 * 1024;

/// The methods that vendors' APIs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the head only.
    Head,
    /// Creates or acts.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// Whether the request may change something at the destination.
    #[must_use]
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::Head)
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// The token of an `Authorization: Bearer TOKEN` (RFC 6750 §2.1), if the header's value is that.
#[must_use]
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// One request to a destination.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Absolute URL, `http` or `https`.
    pub url: String,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: Bytes,
    /// Longest time until the whole answer is read; the destination's own when `None`.
    pub timeout: Option<Duration>,
    /// Largest answer in bytes that is read; a longer one is [`SendError::TooLarge`].
    pub max_response: usize,
    /// How many redirects may be followed (reads only); each target passes the address guard.
    pub redirects: u8,
    /// Whether the destination's rotating credential goes with it. Only ever set for the vendor's own
    /// API: others must not see it.
    pub authorized: bool,
}

impl Request {
    /// A request without headers or body.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            timeout: None,
            max_response: DEFAULT_MAX_RESPONSE,
            redirects: 0,
            authorized: false,
        }
    }

    /// Adds a header; the name is lower-cased.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Lets the destination's rotating credential go with it; see [`crate::credential::Renewal`].
    #[must_use]
    pub fn authorized(mut self) -> Self {
        self.authorized = true;
        self
    }

    /// Sets a JSON body and its content type.
    #[must_use]
    pub fn json(self, value: &serde_json::Value) -> Self {
        let mut request = self.header("content-type", "application/json");
        request.body = Bytes::from(value.to_string());
        request
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

impl fmt::Debug for Request {
    /// Shows method, URL and sizes; header values may be credentials and are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        write!(
            f,
            "{} {} {names:?} {} bytes",
            self.method.as_str(),
            self.url,
            self.body.len()
        )
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, complete.
    pub body: Bytes,
}

impl Response {
    /// The first header of this name (given in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The request did not leave, or was refused before it was read: repeating it is safe.
    NotSent(String),
    /// It was sent and no whole answer came: it may have been applied.
    NoAnswer(String),
    /// The address guard does not let requests go there; the text names the address and the setting.
    Refused(String),
    /// The answer is longer than `max_response` bytes.
    TooLarge(usize),
    /// The run's lease is lost or too short for this request's timeout: nothing was sent.
    LeaseLost,
    /// The credential to send it with could not be had, for this reason: nothing was sent.
    NoCredential(Box<Failure>),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) => write!(f, "could not be sent: {why}"),
            Self::NoAnswer(why) => write!(f, "sent, but no answer: {why}"),
            Self::Refused(why) => f.write_str(why),
            Self::TooLarge(limit) => write!(f, "the answer is longer than {limit} bytes"),
            Self::LeaseLost => f.write_str("the lease of this run is lost"),
            Self::NoCredential(failure) => f.write_str(&failure.message),
        }
    }
}
