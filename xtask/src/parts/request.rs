//! Reads one HTTP/1.1 request from a connection, whole. Ensures that what is passed on is what came, byte for
//! byte. It understands a body with `Content-Length` only: neither Slugline nor a CMS with a webhook sends another.

use anyhow::{Result, bail, ensure};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A request with more header lines than this is not one of ours.
const HEADERS: usize = 64;
/// Bytes asked for at a time.
const CHUNK: usize = 16 * 1024;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// In capitals, as sent.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Whether it carries `Authorization`.
    pub(crate) has_credentials: bool,
    /// Head and body, to be passed on.
    pub(crate) raw: Vec<u8>,
    /// The body alone.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads until the request is whole; `None` when the client closes without having sent one.
    ///
    /// # Errors
    /// When the connection breaks in the middle, or the bytes are no request of the form that is understood.
    pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Self>> {
        let mut raw = Vec::new();
        loop {
            let before = raw.len();
            raw.reserve(CHUNK);
            if from.read_buf(&mut raw).await? == 0 {
                ensure!(before == 0, "the client closed in the middle of a request");
                return Ok(None);
            }
            if let Some(request) = parse(&raw)? {
                return Ok(Some(request));
            }
        }
    }
}

/// The request in `raw`, or `None` while bytes are missing.
fn parse(raw: &[u8]) -> Result<Option<Request>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head_length) = head.parse(raw)? else {
        return Ok(None);
    };
    let length = content_length(&head)?;
    let Some(body) = raw.get(head_length..head_length + length) else {
        return Ok(None);
    };
    Ok(Some(Request {
        method: head.method.unwrap_or_default().to_owned(),
        target: head.path.unwrap_or_default().to_owned(),
        has_credentials: header(&head, "authorization").is_some(),
        body: body.to_vec(),
        raw: raw[..head_length + length].to_vec(),
    }))
}

fn content_length(head: &httparse::Request<'_, '_>) -> Result<usize> {
    if header(head, "transfer-encoding").is_some() {
        bail!("the proxy reads no chunked request bodies");
    }
    Ok(header(head, "content-length")
        .map(str::parse)
        .transpose()?
        .unwrap_or(0))
}

fn header<'a>(head: &'a httparse::Request<'_, '_>, name: &str) -> Option<&'a str> {
    let found = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(found.value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &str = "POST /wp-json/wp/v2/posts HTTP/1.1\r\nHost: x\r\nauthorization: Basic eA==\r\nContent-Length: 4\r\n\r\nbody";

    #[tokio::test]
    async fn a_request_that_arrives_in_pieces_is_read_whole() {
        let (mut client, mut server) = tokio::io::duplex(7);
        let send = tokio::spawn(async move {
            tokio::io::AsyncWriteExt::write_all(&mut client, POST.as_bytes()).await
        });
        let request = Request::read(&mut server).await.unwrap().unwrap();
        send.await.unwrap().unwrap();
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            ("POST", "/wp-json/wp/v2/posts")
        );
        assert!(request.has_credentials);
        assert_eq!(request.body, b"body");
        assert_eq!(request.raw, POST.as_bytes());
    }

    #[tokio::test]
    async fn a_request_cut_in_the_middle_is_an_error_and_silence_is_none() {
        let cut = Request::read(&mut &POST.as_bytes()[..POST.len() - 1]).await;
        assert!(cut.is_err());
        assert!(Request::read(&mut &b""[..]).await.unwrap().is_none());
    }
}
