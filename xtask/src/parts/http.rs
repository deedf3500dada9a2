//! A light HTTP client for a suite's own questions. Ensures that a request ends by a deadline with a whole
//! answer or an error; retries nothing and follows no redirect.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, header, http};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// For one request: WordPress renders a page in a fraction of a second even on a busy machine.
const WITHIN: Duration = Duration::from_secs(20);

/// A client; cloning shares its connections.
#[derive(Debug, Clone)]
pub(crate) struct Http(Client<HttpConnector, Full<Bytes>>);

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The head's other lines.
    pub(crate) headers: http::HeaderMap,
    /// The body, whatever its type.
    pub(crate) body: Bytes,
}

impl Http {
    /// A client without connections.
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When no whole answer comes in time.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let what = format!("{} {}", request.method(), request.uri());
        let answer = tokio::time::timeout(WITHIN, self.exchange(request)).await;
        answer
            .with_context(|| format!("{what}: no answer in {WITHIN:?}"))?
            .context(what)
    }

    /// Gets `url`.
    ///
    /// # Errors
    /// When no whole answer comes in time.
    pub(crate) async fn get(&self, url: &str) -> Result<Answer> {
        self.send(Request::get(url).body(Full::default())?).await
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let (head, body) = self.0.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not; the message shows its beginning.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("no JSON: {self}"))
    }

    /// What `Retry-After` asks for in whole seconds (RFC 9110, 10.2.3), if it does.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self
            .headers
            .get(header::RETRY_AFTER)?
            .to_str()
            .ok()?
            .parse()
            .ok()?;
        Some(Duration::from_secs(seconds))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let beginning: String = String::from_utf8_lossy(&self.body)
            .chars()
            .take(500)
            .collect();
        write!(f, "{} {beginning}", self.status)
    }
}
