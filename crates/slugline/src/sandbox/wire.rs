//! Between hyper's messages and the values that fakes know.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use slugline_core::http::{Method, Request, Response};
use slugline_core::media::MAX_MEDIA_BYTES;

/// What goes back: an answer, or an error that makes hyper drop the connection.
pub(super) type Wire = Result<hyper::Response<Part>, io::Error>;

/// A body that may break off.
pub(super) struct Part {
    rest: Option<Bytes>,
    promised: u64,
}

impl Body for Part {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.rest.take() {
            Some(bytes) if !bytes.is_empty() => {
                self.promised -= bytes.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            _ if self.promised > 0 => {
                Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionReset))))
            }
            _ => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}

/// The whole answer.
pub(super) fn answer(response: Response) -> Wire {
    let promised = response.body.len() as u64;
    assemble(response, promised)
}

/// An answer whose body breaks off: half of it was taken away already.
pub(super) fn cut(response: Response) -> Wire {
    let promised = response.body.len() as u64 * 2 + 1;
    assemble(response, promised)
}

/// No answer: the connection ends.
pub(super) fn refused() -> Wire {
    Err(io::Error::from(io::ErrorKind::ConnectionAborted))
}

fn assemble(response: Response, promised: u64) -> Wire {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in response
        .headers
        .iter()
        .filter(|(name, _)| name != "content-length")
    {
        builder = builder.header(name, value);
    }
    builder
        .body(Part {
            rest: Some(response.body),
            promised,
        })
        .map_err(io::Error::other)
}

/// A request as a value; its URL carries the `Host`.
pub(super) async fn read(incoming: hyper::Request<Incoming>) -> Result<Request, io::Error> {
    let (head, body) = incoming.into_parts();
    let body = Limited::new(body, MAX_MEDIA_BYTES)
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes();
    let host = head
        .headers
        .get("host")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("localhost")
        .to_owned();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request =
        Request::new(method(&head.method)?, format!("http://{host}{path}")).body(body);
    for (name, value) in &head.headers {
        request = request.header(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    Ok(request)
}

fn method(method: &hyper::Method) -> Result<Method, io::Error> {
    let known = [
        Method::Get,
        Method::Head,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];
    let found = known
        .into_iter()
        .find(|known| known.as_str() == method.as_str());
    found.ok_or_else(|| io::Error::other(format!("{method} is not played here")))
}
