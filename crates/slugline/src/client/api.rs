//! Requests to a Slugline server.
//!
//! Ensures that a failure says what to do. Sends each request once; see [`super::patience`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::Value;
use slugline_core::failure::retry_after;
use slugline_core::http::{Method, Request, Response, SendError};
use slugline_core::time::Timestamp;
use slugline_engine::ports::Transport;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::cli::Trouble;
use crate::transport::{Guard, HttpTransport};

/// A publish is answered when it is on disk; a server that takes longer is stuck.
const TIMEOUT: Duration = Duration::from_secs(30);
/// An upload of 32 MiB over a slow line.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(120);
/// A page of revisions with their bodies.
const MAX_ANSWER: usize = 256 * 1024 * 1024;

/// Which server, and as whom.
#[derive(Args, Clone, Debug)]
pub struct ServerArgs {
    /// The server
    #[arg(
        long,
        value_name = "URL",
        env = "SLUGLINE_SERVER",
        global = true,
        default_value = "http://127.0.0.1:8420"
    )]
    server: String,
    /// An API token; better in the environment than on the command line
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SLUGLINE_TOKEN",
        global = true,
        hide_env_values = true
    )]
    token: Option<String>,
}

/// A server's API.
pub struct Api {
    transport: HttpTransport,
    base: Url,
    token: Option<String>,
}

/// A 2xx answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body; null when there is none.
    pub body: Value,
}

/// Why there is no 2xx answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Denied {
    /// The server refused, with its problem document.
    Refused {
        /// The status.
        status: u16,
        /// The stable code, or empty when something else than Slugline answered.
        code: String,
        /// What was wrong and what to do.
        detail: String,
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// The request did not reach the server.
    NotSent(String),
    /// It may have been received; no whole answer came.
    NoAnswer(String),
}

impl Api {
    /// The API of the server that the arguments name.
    pub fn new(args: &ServerArgs) -> Result<Self, Trouble> {
        let token = args.token.as_deref().filter(|token| !token.is_empty());
        Self::at(&args.server, token).map_err(|why| Trouble::wrong(format!("--server {why}")))
    }

    /// The API at a URL. The address guard is for destinations: the user chose the server.
    pub fn at(server: &str, token: Option<&str>) -> Result<Self, String> {
        let base = Url::parse(server).map_err(|why| format!("{server:?} is not a URL: {why}"))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(format!("{server:?} must begin with http:// or https://"));
        }
        let token = token.map(str::to_owned);
        Ok(Self {
            transport: HttpTransport::new(Guard::none()),
            base,
            token,
        })
    }

    /// A request to the endpoint that these path segments name.
    #[must_use]
    pub fn request(&self, method: Method, segments: &[&str]) -> Request {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        let mut request = Request::new(method, url);
        request.max_response = MAX_ANSWER;
        request.timeout = Some(TIMEOUT);
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    /// A request that carries a medium.
    #[must_use]
    pub fn upload(&self, content_type: &str) -> Request {
        let mut request = self.request(Method::Post, &["v1", "media"]);
        request.timeout = Some(UPLOAD_TIMEOUT);
        request.header("content-type", content_type)
    }

    /// Sends a request once.
    pub async fn send(&self, request: Request) -> Result<Reply, Denied> {
        let response = self
            .transport
            .send(request)
            .await
            .map_err(|error| self.unanswered(error))?;
        let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        if response.is_success() {
            return Ok(Reply {
                status: response.status,
                body,
            });
        }
        Err(refusal(&response, &body))
    }

    /// Reads an endpoint with a query; what has no value is left out of it.
    pub async fn ask(
        &self,
        segments: &[&str],
        query: &[(&str, Option<&str>)],
    ) -> Result<Value, Denied> {
        let mut request = self.request(Method::Get, segments);
        let mut pairs = Serializer::new(String::new());
        for (name, value) in query {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
        request.url = format!("{}?{}", request.url, pairs.finish());
        Ok(self.send(request).await?.body)
    }

    /// Reads an endpoint; `None` when there is no such thing.
    pub async fn find(&self, segments: &[&str]) -> Result<Option<Value>, Denied> {
        match self.send(self.request(Method::Get, segments)).await {
            Ok(reply) => Ok(Some(reply.body)),
            Err(Denied::Refused { status: 404, .. }) => Ok(None),
            Err(denied) => Err(denied),
        }
    }

    fn unanswered(&self, error: SendError) -> Denied {
        match error {
            SendError::NoAnswer(why) => Denied::NoAnswer(why),
            SendError::NotSent(why) => Denied::NotSent(format!(
                "no server could be reached at {} ({why}); start one with \"slugline serve\", or name it with --server",
                self.base
            )),
            other => Denied::NoAnswer(other.to_string()),
        }
    }
}

fn refusal(response: &Response, body: &Value) -> Denied {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let detail = match text("detail") {
        detail if !detail.is_empty() => detail,
        _ => "the answer is not Slugline's; is --server right?".to_owned(),
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let after = response
        .header("retry-after")
        .and_then(|text| retry_after(text, Timestamp(0).plus(now)));
    Denied::Refused {
        status: response.status,
        code: text("code"),
        detail,
        retry_after: after,
    }
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused {
                status,
                code,
                detail,
                ..
            } if code.is_empty() => write!(f, "{status}: {detail}"),
            Self::Refused { code, detail, .. } => write!(f, "{code}: {detail}"),
            Self::NotSent(why) => f.write_str(why),
            Self::NoAnswer(why) => write!(f, "the server did not answer: {why}"),
        }
    }
}

impl From<Denied> for Trouble {
    fn from(denied: Denied) -> Self {
        match &denied {
            Denied::Refused { status: 401, .. } => {
                Self::wrong(format!("{denied}; set SLUGLINE_TOKEN, or give --token"))
            }
            Denied::Refused { status: 403, .. } => Self::wrong(denied.to_string()),
            _ => Self::badly(denied.to_string()),
        }
    }
}
