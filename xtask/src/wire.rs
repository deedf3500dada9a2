//! One keep-alive HTTP/1.1 connection, as cheap as it can be, because loads and sinks share two cores with what they drive.
//! It reads messages with a `Content-Length` only, which is what Slugline and the sinks send; others are an error.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Headers of an answer or a request that are looked at; more is an error, not a silent cut.
const MOST_HEADERS: usize = 32;

/// The key of a request: 128 random bits, written as 32 hexadecimal digits.
pub(crate) type Key = u128;

/// A connection and what was read from it but not yet taken.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    taken: usize,
}

/// One message: its first line's number (an answer's status; 0 for a request), its head as it came, and its body.
pub(crate) struct Message<'a> {
    pub(crate) status: u16,
    head: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl Message<'_> {
    /// A request's header lines, parsed only for those who ask.
    pub(crate) fn request_headers(&self) -> Result<HeaderMap> {
        let mut lines = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut lines);
        request.parse(self.head)?;
        let line = |line: &httparse::Header<'_>| {
            let name = HeaderName::from_bytes(line.name.as_bytes())?;
            Ok((name, HeaderValue::from_bytes(line.value)?))
        };
        request.headers.iter().map(line).collect()
    }
}

/// Where a message's parts lie in the buffer.
struct Bounds {
    status: u16,
    body: usize,
    end: usize,
}

impl Connection {
    /// Connects, with Nagle's delay switched off.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to {address}"))?;
        Self::over(stream)
    }

    /// Takes over an accepted stream.
    pub(crate) fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(8 * 1024),
            taken: 0,
        })
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Message<'_>> {
        self.send(request).await?;
        self.receive(answer_bounds)
            .await?
            .context("the server closed the connection without an answer")
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// The next request on this connection; `None` when the peer has closed it.
    pub(crate) async fn next_request(&mut self) -> Result<Option<Message<'_>>> {
        self.receive(request_bounds).await
    }

    async fn receive(
        &mut self,
        bounds: fn(&[u8]) -> Result<Option<Bounds>>,
    ) -> Result<Option<Message<'_>>> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        loop {
            if let Some(found) = bounds(&self.buffer)? {
                self.taken = found.end;
                return Ok(Some(Message {
                    status: found.status,
                    head: &self.buffer[..found.body],
                    body: &self.buffer[found.body..found.end],
                }));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// `POST /v1/publish` as bytes on the wire.
pub(crate) fn publish(key: Key, body: &str, token: &str) -> Vec<u8> {
    format!(
        "POST /v1/publish HTTP/1.1\r\nHost: slugline\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {key:032x}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// `POST /hooks/{source}` as bytes on the wire, with the three headers of Standard Webhooks: id, timestamp, signature.
pub(crate) fn webhook(source: &str, [id, at, signature]: [&str; 3], body: &str) -> Vec<u8> {
    format!(
        "POST /hooks/{source} HTTP/1.1\r\nHost: slugline\r\nContent-Type: application/json\r\nwebhook-id: {id}\r\n\
         webhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A `GET` as bytes on the wire.
pub(crate) fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: slugline\r\nAuthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

fn answer_bounds(bytes: &[u8]) -> Result<Option<Bounds>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(bytes)? else {
        return Ok(None);
    };
    within(bytes, head, answer.code.unwrap_or_default(), answer.headers)
}

fn request_bounds(bytes: &[u8]) -> Result<Option<Bounds>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(bytes)? else {
        return Ok(None);
    };
    within(bytes, head, 0, request.headers)
}

fn within(
    bytes: &[u8],
    head: usize,
    status: u16,
    headers: &[httparse::Header<'_>],
) -> Result<Option<Bounds>> {
    let end = head + content_length(headers)?;
    Ok((bytes.len() >= end).then_some(Bounds {
        status,
        body: head,
        end,
    }))
}

fn content_length(headers: &[httparse::Header<'_>]) -> Result<usize> {
    let named = |name: &str| {
        headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
    };
    if named("transfer-encoding").is_some() {
        bail!("a message came in chunks; only those with a Content-Length are read");
    }
    let Some(length) = named("content-length") else {
        return Ok(0);
    };
    std::str::from_utf8(length.value)?
        .parse()
        .context("Content-Length is no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_only_with_its_whole_body() {
        let answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}";
        assert!(answer_bounds(&answer[..20]).unwrap().is_none());
        assert!(
            answer_bounds(&answer[..answer.len() - 1])
                .unwrap()
                .is_none()
        );
        let found = answer_bounds(answer).unwrap().unwrap();
        assert_eq!(
            (found.status, &answer[found.body..found.end]),
            (202, &b"{}"[..])
        );
    }

    #[test]
    fn chunks_are_refused_rather_than_misread() {
        assert!(answer_bounds(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
