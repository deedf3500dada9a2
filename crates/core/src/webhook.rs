//! Webhooks as they come in, and what is said of one that is not taken.
//!
//! Ensures that a webhook is judged by its bytes as they came, and that whoever is refused is told
//! which part is wrong. Does not verify: how a vendor signs is the connectors'.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::time::Timestamp;

/// A webhook as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The method, in capitals.
    pub method: String,
    /// The URL as the sender has it: scheme, host, path and query, nothing decoded.
    pub url: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl Incoming {
    /// A webhook as it came; names of headers are lower-cased, values trimmed.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(
        method: impl Into<String>,
        url: impl Into<String>,
        headers: impl IntoIterator<Item = (N, V)>,
        body: impl Into<Bytes>,
    ) -> Self {
        let lower = |(name, value): (N, V)| {
            let value = value.as_ref().trim_matches([' ', '\t']);
            (name.as_ref().to_ascii_lowercase(), value.to_owned())
        };
        Self {
            method: method.into().to_ascii_uppercase(),
            url: url.into(),
            headers: headers.into_iter().map(lower).collect(),
            body: body.into(),
        }
    }

    /// All headers, in the order in which they came: name in lower case, value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The header of this name (given in lower case), where it came once; one that came twice can mean
    /// one thing to a proxy and another to us.
    ///
    /// # Errors
    /// It came more than once.
    pub fn header(&self, name: &str) -> Result<Option<&str>, Flaw> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        match (values.next(), values.next()) {
            (found, None) => Ok(found.map(|(_, value)| value.as_str())),
            (_, Some(_)) => Err(Flaw::header(name, "came more than once")),
        }
    }

    /// The header of this name, which must be there and not empty.
    ///
    /// # Errors
    /// It is missing, empty, or came more than once.
    pub fn required(&self, name: &str) -> Result<&str, Flaw> {
        match self.header(name)? {
            Some("") => Err(Flaw::header(name, "is empty")),
            Some(value) => Ok(value),
            None => Err(Flaw::header(name, "is missing")),
        }
    }

    /// Path and query, as they stand in the URL.
    #[must_use]
    pub fn target(&self) -> Cow<'_, str> {
        let url = self.url.split('#').next().unwrap_or_default();
        if url.starts_with('/') {
            return url.into();
        }
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let target = rest.find(['/', '?']).map_or("/", |at| &rest[at..]);
        match target.starts_with('?') {
            true => format!("/{target}").into(),
            false => target.into(),
        }
    }
}

impl fmt::Debug for Incoming {
    /// Leaves out the values of headers: one may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| &**name).collect();
        let (method, url, bytes) = (&self.method, &self.url, self.body.len());
        write!(f, "{method} {url} {names:?} {bytes} bytes")
    }
}

/// Between when and when a webhook may have been signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The time of the judgement.
    pub now: Timestamp,
    /// How far from it the time of signing may lie, before and after.
    pub tolerance: Duration,
}

/// What is known of a webhook that is genuine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Which of the secrets matched, counted from 0.
    pub secret: usize,
    /// When it was signed; `None` where the vendor does not sign the time.
    pub signed_at: Option<Timestamp>,
    /// The sender's name for this delivery, signed like the rest; `None` where it has none or does not sign
    /// it, and repeats are known by their bytes alone.
    pub delivery_id: Option<String>,
}

/// The part of a webhook that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The secret cannot be one of this type.
    Secret,
    /// A header is missing, doubled or malformed.
    Header,
    /// The signature is not that of these bytes with this secret.
    Signature,
    /// The time of signing is too far away.
    Timestamp,
    /// The body cannot be one that the sender signs.
    Body,
}

impl Part {
    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Header => "header",
            Self::Signature => "signature",
            Self::Timestamp => "timestamp",
            Self::Body => "body",
        }
    }
}

/// Why a webhook is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// The part that is wrong.
    pub part: Part,
    /// The header that it is about, in lower case.
    pub header: Option<String>,
    /// What is wrong with it. Never holds a secret.
    pub detail: String,
}

impl Flaw {
    /// Something is wrong with a header.
    #[must_use]
    pub fn header(name: &str, what: &str) -> Self {
        Self::about(Part::Header, name, format!("the header {name} {what}"))
    }

    /// Something is wrong with a part that a header carries.
    #[must_use]
    pub fn about(part: Part, header: &str, detail: impl Into<String>) -> Self {
        Self {
            part,
            header: Some(header.to_owned()),
            detail: detail.into(),
        }
    }

    /// Something is wrong with a part that no header carries.
    #[must_use]
    pub fn of(part: Part, detail: impl Into<String>) -> Self {
        Self {
            part,
            header: None,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(url: &str) -> Incoming {
        let headers = [
            ("X-One", " a "),
            ("x-two", "b"),
            ("X-TWO", "c"),
            ("x-none", ""),
        ];
        Incoming::new("POST", url, headers, "")
    }

    #[test]
    fn a_header_counts_once() {
        let incoming = incoming("https://a.example/");
        assert_eq!(incoming.required("x-one"), Ok("a"));
        assert_eq!(incoming.header("x-three"), Ok(None));
        for wrong in ["x-two", "x-none", "x-three"] {
            assert_eq!(incoming.required(wrong).unwrap_err().part, Part::Header);
        }
    }

    #[test]
    fn the_target_is_what_stands_after_the_host() {
        for (url, target) in [
            ("https://a.example", "/"),
            ("https://a.example/x%20y?b=c#d", "/x%20y?b=c"),
            ("/x?b", "/x?b"),
            ("/x?u=https://b.example/y", "/x?u=https://b.example/y"),
            ("https://a.example?u=/y", "/?u=/y"),
        ] {
            assert_eq!(incoming(url).target(), target);
        }
    }

    #[test]
    fn no_value_of_a_header_is_shown() {
        let shown = format!("{:?}", Incoming::new("POST", "/", [("a", "s3cret")], ""));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
