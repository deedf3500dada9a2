//! One request, one answer, over a pool of connections.
//!
//! Ensures that the deadline covers connecting, sending and reading the whole answer, and that no
//! more than the allowed bytes are held. Does not follow redirects.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HeaderValue, USER_AGENT};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector, capture_connection};
use hyper_util::client::legacy::{Client as Pool, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use slugline_core::http::{Method, Request, Response, SendError};
use slugline_engine::ports::Clock;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::failure::{of_body, of_request};
use super::guard::Guard;
use super::in_time::InTime;
use super::resolver::GuardedResolver;
use crate::clock::SystemClock;

/// What destinations see of us.
const AGENT: &str = concat!("Slugline/", env!("CARGO_PKG_VERSION"));
/// A handshake that takes longer will not come.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Shorter than the 5 s after which common servers (Apache, Node.js) close an idle connection: a
/// write on a connection that is just being closed has an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Idle connections kept for one host: as many as one node runs jobs, so that a busy destination
/// does not get a new connection for each.
const IDLE_PER_HOST: usize = 256;

/// A pool of connections behind the guard.
#[derive(Clone)]
pub(super) struct Client {
    pool: Pool<HttpsConnector<HttpConnector<GuardedResolver>>, InTime>,
}

impl Client {
    pub(super) fn new(guard: Arc<Guard>) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(GuardedResolver::new(guard));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let tls = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .build(tls);
        Self { pool }
    }

    /// Sends `request` to `url` and reads the whole answer until `deadline`.
    pub(super) async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        deadline: Instant,
    ) -> Result<Response, SendError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut outgoing = outgoing(request, url, SystemClock.monotonic() + left)?;
        let connection = capture_connection(&mut outgoing);
        let answer = self.pool.request(outgoing);
        let incoming = head(answer, &connection, url, deadline).await?;
        let reading = whole(incoming, request);
        let late = |_| SendError::NoAnswer(format!("{} did not end its answer in time", host(url)));
        timeout_at(deadline, reading).await.map_err(late)?
    }
}

/// Waits for status and headers.
async fn head(
    answer: ResponseFuture,
    connection: &CaptureConnection,
    url: &Url,
    deadline: Instant,
) -> Result<hyper::Response<Incoming>, SendError> {
    match timeout_at(deadline, answer).await {
        Ok(Ok(incoming)) => Ok(incoming),
        Ok(Err(error)) => Err(of_request(&error, host(url))),
        // Without a connection nothing was sent.
        Err(_) if connection.connection_metadata().is_none() => Err(SendError::NotSent(format!(
            "{} could not be connected to in time",
            host(url)
        ))),
        Err(_) => Err(SendError::NoAnswer(format!(
            "{} did not answer in time",
            host(url)
        ))),
    }
}

/// Reads a body, no further than the request allows.
async fn whole(
    incoming: hyper::Response<Incoming>,
    request: &Request,
) -> Result<Response, SendError> {
    let limit = request.max_response;
    let (head, body) = incoming.into_parts();
    // The answer to HEAD announces a body that does not come.
    let comes = request.method != Method::Head;
    if comes && announced(&head.headers).is_some_and(|length| length > limit as u64) {
        return Err(SendError::TooLarge(limit));
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect();
    let body = Limited::new(body, limit)
        .collect()
        .await
        .map_err(|error| of_body(error.as_ref(), limit))?;
    Ok(Response {
        status: head.status.as_u16(),
        headers,
        body: body.to_bytes(),
    })
}

fn announced(headers: &hyper::HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn outgoing(
    request: &Request,
    url: &Url,
    until: Duration,
) -> Result<hyper::Request<InTime>, SendError> {
    let mut builder = hyper::Request::builder()
        .method(request.method.as_str())
        .uri(url.as_str());
    if !request
        .headers
        .iter()
        .any(|(name, _)| name == USER_AGENT.as_str())
    {
        builder = builder.header(USER_AGENT, AGENT);
    }
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let malformed =
        |why| SendError::NotSent(format!("the request to {} is malformed: {why}", host(url)));
    builder
        .body(InTime::new(request.body.clone(), until))
        .map_err(malformed)
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// As after a freeze: the connection is there, and the time is over.
    #[tokio::test]
    async fn what_is_late_is_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let received = tokio::spawn(async move {
            let mut bytes = Vec::new();
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_to_end(&mut bytes).await.unwrap();
            bytes.len()
        });
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let client = Client::new(Arc::new(guard));
        let request = Request::new(Method::Post, url.as_str()).body("too late");
        let late = outgoing(&request, &url, Duration::ZERO).unwrap();
        let error = client.pool.request(late).await.unwrap_err();
        assert!(
            matches!(of_request(&error, "there"), SendError::NotSent(_)),
            "{error:?}"
        );
        assert_eq!(received.await.unwrap(), 0);
    }
}
