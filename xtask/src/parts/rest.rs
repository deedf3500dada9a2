//! WordPress' REST interface, as one of its users. Ensures that a request which WordPress refuses is an error with its
//! words. It asks the site itself, past any proxy.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use base64::Engine;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, header};
use serde_json::Value;

use super::http::Http;

/// A user of a site; cloning shares the connections.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    http: Http,
    address: SocketAddr,
    authorization: String,
}

impl Rest {
    /// The user `login` with an application password.
    pub(crate) fn new(address: SocketAddr, login: &str, password: &str) -> Self {
        let credentials =
            base64::engine::general_purpose::STANDARD.encode(format!("{login}:{password}"));
        Self {
            http: Http::new(),
            address,
            authorization: format!("Basic {credentials}"),
        }
    }

    /// Sends JSON to a path under `/wp-json`; what WordPress answers.
    ///
    /// # Errors
    /// When WordPress does not answer with a 2xx.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let head = self
            .request(method, path)
            .header(header::CONTENT_TYPE, "application/json");
        self.exchange(head, body.to_string().into()).await
    }

    /// Uploads a PNG file under a name.
    ///
    /// # Errors
    /// When WordPress does not answer with a 2xx.
    pub(crate) async fn upload(&self, name: &str, file: Vec<u8>) -> Result<Value> {
        let head = self
            .request(Method::POST, "/wp/v2/media")
            .header(header::CONTENT_TYPE, "image/png")
            .header(
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            );
        self.exchange(head, file.into()).await
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("http://{}/wp-json{path}", self.address))
            .header(header::AUTHORIZATION, &self.authorization)
    }

    async fn exchange(&self, head: hyper::http::request::Builder, body: Bytes) -> Result<Value> {
        let answer = self.http.send(head.body(Full::new(body))?).await?;
        ensure!((200..300).contains(&answer.status), "{answer}");
        answer.json()
    }
}
