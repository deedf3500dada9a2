//! A careful client of Slugline's API. Ensures that a request which got no answer, or was asked to wait, is sent
//! again as it was, with the same key, until a deadline. It judges no answer but 429 and 5xx.

use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, header};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::configuration::TOKEN;
use crate::parts::http::{Answer, Http};

/// Before a request is sent again when the server did not say how long to wait.
const BEFORE_AGAIN: Duration = Duration::from_millis(200);
/// Between two looks at a publish: many are waited for at the same time.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// A client of one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: Http,
    server: String,
    deadline: Instant,
}

impl Client {
    /// A client that gives up at `deadline`.
    pub(crate) fn new(server: String, deadline: Instant) -> Self {
        Self {
            http: Http::new(),
            server,
            deadline,
        }
    }

    /// `POST /v1/publish` under `key`; whatever the server decides.
    ///
    /// # Errors
    /// When no decision came by the deadline.
    pub(crate) async fn publish(&self, key: &str, request: &Value) -> Result<Answer> {
        let body = Bytes::from(request.to_string());
        self.insist(
            Method::POST,
            "/v1/publish",
            &[
                ("idempotency-key", key),
                ("content-type", "application/json"),
            ],
            body,
        )
        .await
    }

    /// `POST /v1/media`.
    ///
    /// # Errors
    /// When no decision came by the deadline.
    pub(crate) async fn upload(&self, bytes: Vec<u8>) -> Result<Answer> {
        self.insist(
            Method::POST,
            "/v1/media",
            &[("content-type", "image/png")],
            bytes.into(),
        )
        .await
    }

    /// Looks at the publish until `holds`, and returns what it looked like then.
    ///
    /// # Errors
    /// When it does not by the deadline; the message shows how it looked last.
    pub(crate) async fn publish_until(
        &self,
        key: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        loop {
            let answer = self
                .insist(
                    Method::GET,
                    &format!("/v1/publishes/{key}"),
                    &[],
                    Bytes::new(),
                )
                .await?;
            let publish = answer.json()?;
            if answer.status == 200 && holds(&publish) {
                return Ok(publish);
            }
            if Instant::now() > self.deadline {
                bail!("{key} still waits: {} {publish}", answer.status);
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }

    /// `GET /v1/content/{content_id}`.
    ///
    /// # Errors
    /// When no answer came by the deadline.
    pub(crate) async fn content(&self, content_id: &str) -> Result<Value> {
        let path = format!("/v1/content/{content_id}");
        let answer = self.insist(Method::GET, &path, &[], Bytes::new()).await?;
        answer.json()
    }

    async fn insist(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer> {
        loop {
            let mut request = Request::builder()
                .method(&method)
                .uri(format!("{}{path}", self.server));
            request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let wait = match self.http.send(request.body(Full::new(body.clone()))?).await {
                Ok(answer) if answer.status != 429 && answer.status < 500 => return Ok(answer),
                unanswered if Instant::now() > self.deadline => return unanswered,
                Ok(answer) => answer.retry_after().unwrap_or(BEFORE_AGAIN),
                Err(_) => BEFORE_AGAIN,
            };
            sleep(wait).await;
        }
    }
}
