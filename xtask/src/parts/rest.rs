//! A CMS' REST interface, as one of its users. Ensures that a request which the CMS refuses is an error with its words. It asks
//! the CMS itself, past any proxy.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, header};
use serde_json::Value;

use super::http::{Answer, Http};

/// A user of a CMS; cloning shares the connections.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    http: Http,
    base: String,
    headers: Vec<(&'static str, String)>,
}

impl Rest {
    /// Whoever these headers say, at the interface below `base`.
    pub(crate) fn at(base: String, headers: Vec<(&'static str, String)>) -> Self {
        let http = Http::new();
        Self {
            http,
            base,
            headers,
        }
    }

    /// The user `login` of a WordPress with an application password; paths are those under `/wp-json`.
    pub(crate) fn wordpress(address: SocketAddr, login: &str, password: &str) -> Self {
        let credentials =
            base64::engine::general_purpose::STANDARD.encode(format!("{login}:{password}"));
        let authorization = ("authorization", format!("Basic {credentials}"));
        Self::at(format!("http://{address}/wp-json"), vec![authorization])
    }

    /// Sends JSON to a path, or nothing where it is null; what the CMS answers.
    ///
    /// # Errors
    /// When it does not answer with a 2xx.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let answer = self.answer(method, path, body).await?;
        match answer.body.is_empty() {
            true => Ok(Value::Null),
            false => answer.json(),
        }
    }

    /// As [`Rest::send`], with the answer's head.
    ///
    /// # Errors
    /// As [`Rest::send`].
    pub(crate) async fn answer(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        let what = format!("{method} {path}");
        let body = match body {
            Value::Null => Bytes::new(),
            body => body.to_string().into(),
        };
        let head = self
            .request(method, path)
            .header(header::CONTENT_TYPE, "application/json");
        self.exchange(head, body).await.context(what)
    }

    /// Asks for a path.
    ///
    /// # Errors
    /// As [`Rest::send`].
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, &Value::Null).await
    }

    /// Uploads a PNG file to WordPress under a name.
    ///
    /// # Errors
    /// As [`Rest::send`].
    pub(crate) async fn upload(&self, name: &str, file: Vec<u8>) -> Result<Value> {
        let head = self
            .request(Method::POST, "/wp/v2/media")
            .header(header::CONTENT_TYPE, "image/png")
            .header(
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            );
        self.exchange(head, file.into()).await?.json()
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        let url = format!("{}{path}", self.base);
        let request = Request::builder().method(method).uri(url);
        let headers = self.headers.iter();
        headers.fold(request, |request, (name, value)| {
            request.header(*name, value)
        })
    }

    async fn exchange(&self, head: hyper::http::request::Builder, body: Bytes) -> Result<Answer> {
        let answer = self.http.send(head.body(Full::new(body))?).await?;
        ensure!((200..300).contains(&answer.status), "{answer}");
        Ok(answer)
    }
}
