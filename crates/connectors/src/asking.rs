//! Asking a vendor's API: requests that read, and what their answers mean.
//!
//! Ensures that nothing which comes from outside changes the path that is asked, that a thing counts as
//! missing only where the API answers its list, because a wrong address says 404 as well, and that no
//! complaint shows a token. Never writes, and does not repeat: whoever asks decides that.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use slugline_core::failure::{Failure, retry_after};
use slugline_core::http::{Method, Request, Response, SendError};
use slugline_core::reason::Reason;
use slugline_core::secret::Secret;
use slugline_core::source::Wire;
use url::Url;

use crate::reading::{at, text_at};

/// Bytes of an answer: a page of entries with long texts.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// What stays as it is in a path and in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// Where vendors say what is wrong; the first that is a text counts.
const SAID: [&str; 7] = [
    "message",
    "error.message",
    "errors.0.message",
    "errors.0.detail",
    "error.description",
    "error",
    "0",
];
/// Says that a thing is not there.
const MISSING: [u16; 2] = [404, 410];

/// A vendor's API as one account sees it.
pub(crate) struct Api {
    base: String,
    accept: &'static str,
    headers: Vec<(&'static str, Secret)>,
    parameters: Vec<(&'static str, Secret)>,
    redirects: u8,
    /// Besides [`MISSING`].
    also_missing: Option<u16>,
    /// What a body says that the status does not.
    hidden: fn(&Value) -> Option<Reason>,
    /// The header with the seconds to wait, where it is not the usual one.
    waits: Option<&'static str>,
}

impl Api {
    /// The API at this address; a query in it is not part of the address.
    pub(crate) fn new(url: &Url) -> Self {
        let mut base = url.clone();
        base.set_query(None);
        base.set_fragment(None);
        Self {
            base: base.as_str().trim_end_matches('/').to_owned(),
            accept: "application/json",
            headers: Vec::new(),
            parameters: Vec::new(),
            redirects: 0,
            also_missing: None,
            hidden: |_| None,
            waits: None,
        }
    }

    fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, Secret::new(value)));
        self
    }

    /// Where the vendor's answers have a media type of their own.
    pub(crate) fn accept(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    /// With a bearer token.
    pub(crate) fn bearer(self, token: &Secret) -> Self {
        let value = format!("Bearer {}", token.expose().trim());
        self.header("authorization", value)
    }

    /// With an account's name and password (RFC 7617).
    pub(crate) fn basic(self, name: &str, password: &Secret) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{name}:{}", password.expose()));
        self.header("authorization", format!("Basic {pair}"))
    }

    /// With a secret parameter in each query, for vendors that take it nowhere else.
    pub(crate) fn parameter(mut self, name: &'static str, value: &Secret) -> Self {
        let value = Secret::new(value.expose().trim());
        self.parameters.push((name, value));
        self
    }

    /// Where the vendor leads from one address of its own to another.
    pub(crate) fn redirects(self, redirects: u8) -> Self {
        Self { redirects, ..self }
    }

    /// Where the vendor has one more status for what is missing.
    pub(crate) fn also_missing(self, status: u16) -> Self {
        let also_missing = Some(status);
        Self {
            also_missing,
            ..self
        }
    }

    /// Where a header of the vendor's own says how long to wait.
    pub(crate) fn waits(self, header: &'static str) -> Self {
        let waits = Some(header);
        Self { waits, ..self }
    }

    /// Where a body says more than the status.
    pub(crate) fn hidden(self, hidden: fn(&Value) -> Option<Reason>) -> Self {
        Self { hidden, ..self }
    }

    /// A request that reads what lies at a path, given in parts.
    ///
    /// # Errors
    /// A part would lead to another path even when it is encoded.
    pub(crate) fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Request, Failure> {
        let mut url = self.base.clone();
        for part in path {
            if is_a_step(part) {
                let why = format!("{part:?} is no name of an entry");
                return Err(Failure::new(Reason::InvalidContent, why));
            }
            url.push('/');
            url.extend(utf8_percent_encode(part, PLAIN));
        }
        let secret = self.parameters.iter();
        let secret = secret.map(|(name, value)| (*name, value.expose()));
        let mut before = '?';
        for (name, value) in query.iter().copied().chain(secret) {
            url.push(before);
            url.extend(utf8_percent_encode(name, PLAIN));
            url.push('=');
            url.extend(utf8_percent_encode(value, PLAIN));
            before = '&';
        }
        let mut request = Request::new(Method::Get, url).header("accept", self.accept);
        for (name, value) in &self.headers {
            request = request.header(name, value.expose());
        }
        request.redirects = self.redirects;
        request.max_response = MAX_ANSWER;
        Ok(request)
    }

    /// What a request answers.
    pub(crate) async fn read(
        &self,
        request: Request,
        what: &str,
        wire: &dyn Wire,
    ) -> Result<Value, Failure> {
        let response = self.send(request, what, wire).await?;
        self.value(&response, what, wire)
    }

    /// What a request for one thing answers; `None` where it is missing and `list`, a request for what lies
    /// beside it, is answered.
    pub(crate) async fn find(
        &self,
        one: Request,
        list: Request,
        what: &str,
        wire: &dyn Wire,
    ) -> Result<Option<Value>, Failure> {
        let response = self.send(one, what, wire).await?;
        let is_missing =
            MISSING.contains(&response.status) || self.also_missing == Some(response.status);
        if !is_missing {
            return self.value(&response, what, wire).map(Some);
        }
        let beside = format!("{what} answered {}, and its list", response.status);
        self.read(list, &beside, wire).await.map(|_| None)
    }

    async fn send(
        &self,
        request: Request,
        what: &str,
        wire: &dyn Wire,
    ) -> Result<Response, Failure> {
        let sent = wire.send(request).await;
        sent.map_err(|error| {
            let error = match error {
                SendError::NotSent(why) => SendError::NotSent(self.hushed(&why)),
                SendError::NoAnswer(why) => SendError::NoAnswer(self.hushed(&why)),
                SendError::Refused(why) => SendError::Refused(self.hushed(&why)),
                other => other,
            };
            Failure::from_send_error(&error, false, what)
        })
    }

    fn value(&self, response: &Response, what: &str, wire: &dyn Wire) -> Result<Value, Failure> {
        if !response.is_success() {
            return Err(self.refusal(response, what, wire));
        }
        serde_json::from_slice(&response.body)
            .map_err(|why| unexpected(what, &format!("is no JSON, or was cut: {why}")))
    }

    /// What an answer that is not 2xx means. A request that only reads brings no content: where it is refused
    /// as such, the address or a name in the configuration is wrong.
    fn refusal(&self, response: &Response, what: &str, wire: &dyn Wire) -> Failure {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let said = SAID.iter().find_map(|place| text_at(&body, place));
        let leads = || Some(format!("it redirects to {}", response.header("location")?));
        let said = said.map(str::to_owned).or_else(leads).unwrap_or_default();
        let said = self.hushed(&said);
        let mut failure = Failure::from_response(response, what, &said, wire.now());
        if failure.reason == Reason::InvalidContent {
            failure.reason = (self.hidden)(&body).unwrap_or(Reason::Misconfigured);
        }
        let wait = self.waits.and_then(|name| response.header(name));
        let wait = wait.and_then(|text| retry_after(text, wire.now()));
        failure.retry_after = failure.retry_after.or(wait);
        failure
    }

    /// A text without the secrets that stand in addresses, which errors may show.
    fn hushed(&self, text: &str) -> String {
        let secrets = self.parameters.iter().map(|(_, secret)| secret.expose());
        let secrets = secrets.filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| {
            let encoded = utf8_percent_encode(secret, PLAIN).to_string();
            text.replace(secret, "…").replace(&encoded, "…")
        })
    }
}

/// Whether some server on the way could take it for a step in the path; encoding does not prevent that.
fn is_a_step(part: &str) -> bool {
    part.split(['/', '\\'])
        .any(|step| matches!(step, "" | "." | ".."))
}

/// That an answer is not what this vendor answers.
pub(crate) fn unexpected(what: &str, why: &str) -> Failure {
    Failure::new(
        Reason::UnexpectedAnswer,
        format!("{what}: the answer {why}"),
    )
}

/// An answer that has something at a place, without which it is none of this vendor's.
pub(crate) fn having(answer: Value, place: &str, what: &str) -> Result<Value, Failure> {
    match at(&answer, place) {
        Some(_) => Ok(answer),
        None => Err(unexpected(what, &format!("has no {place}"))),
    }
}

/// The list at a place in an answer.
pub(crate) fn list<'a>(answer: &'a Value, place: &str, what: &str) -> Result<&'a [Value], Failure> {
    let list = match place {
        "" => answer.as_array(),
        _ => at(answer, place).and_then(Value::as_array),
    };
    let missing = || unexpected(what, &format!("has no list {place:?}"));
    list.map(Vec::as_slice).ok_or_else(missing)
}
