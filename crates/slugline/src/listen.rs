//! The listener: connections, until asked to stop.
//!
//! Ensures that a client which sends its headers slowly, shakes hands slowly, or opens connections without
//! end, cannot keep others out, and that a stop lets requests in flight end. Knows no endpoint.

use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use slugline_web::{ClientNames, Peer, Router};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use crate::tls::{Identity, names_in};

/// Time for a request's headers, also between two requests of a kept connection.
const HEADERS: Duration = Duration::from_secs(30);
/// Connections at once; each costs a file descriptor and about 16 KiB. More wait in the backlog.
const CONNECTIONS: usize = 8_192;
/// After an accept that failed (file descriptors ran out): time for some to close.
const BREATH: Duration = Duration::from_millis(100);
/// Time from the connection to the end of its handshake: three round trips to the other side of the world,
/// with one packet lost.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes under way at once, which cost about 1 ms of a processor and 40 KiB each. More wait for their
/// turn, within their time.
const HANDSHAKES: usize = 1_024;
/// The first byte of a TLS connection (RFC 8446 §5.1: a record of type handshake).
const TLS_RECORD: u8 = 22;
/// The answer to those who do not speak TLS where it is spoken.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 41\r\nconnection: close\r\n\r\nThis port speaks TLS: call it by https://";

/// Serves until `stop`, then until the requests in flight have ended.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<&Identity>,
    stop: impl Future<Output = ()>,
) {
    let house = House::new(router);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let turns = Arc::new(Semaphore::new(HANDSHAKES));
    let mut handshakes = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            (place, (stream, peer)) = next(&places, &listener) => match tls {
                None => house.attend(stream, peer, ClientNames::default(), place),
                Some(identity) => {
                    let (acceptor, turns) = (identity.acceptor(), Arc::clone(&turns));
                    handshakes.spawn(async move {
                        let stream = shake_hands(acceptor, stream, peer, &turns).await?;
                        Some((stream, peer, place))
                    });
                }
            },
            Some(ended) = handshakes.join_next() => {
                if let Ok(Some((stream, peer, place))) = ended {
                    let names = shown(&stream);
                    house.attend(stream, peer, names, place);
                }
            }
            () = &mut stop => break,
        }
    }
    drop(listener);
    // Nobody has asked for anything yet there.
    drop(handshakes);
    house.open.shutdown().await;
}

/// What answers on connections.
struct House {
    http: http1::Builder,
    open: GracefulShutdown,
    router: Router,
}

impl House {
    fn new(router: Router) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
        Self {
            http,
            open: GracefulShutdown::new(),
            router,
        }
    }

    fn attend<S>(
        &self,
        stream: S,
        peer: Peer,
        names: ClientNames,
        place: Option<OwnedSemaphorePermit>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(names.clone());
            router.clone().oneshot(request)
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let connection = self.open.watch(connection);
        tokio::spawn(async move {
            // A client that goes away is no event of ours.
            let _ = connection.await;
            drop(place);
        });
    }
}

/// The connection under TLS; `None` where that does not come about.
async fn shake_hands(
    acceptor: TlsAcceptor,
    mut stream: TcpStream,
    Peer(peer): Peer,
    turns: &Semaphore,
) -> Option<TlsStream<TcpStream>> {
    let shaking = async {
        // Who says nothing takes nobody's turn.
        let mut first = [0];
        stream.peek(&mut first).await.ok()?;
        if first[0] != TLS_RECORD {
            let _ = stream.write_all(SPEAK_TLS).await;
            let _ = stream.shutdown().await;
            return None;
        }
        let _turn = turns.acquire().await.ok()?;
        let shaken = acceptor.accept(stream).await;
        shaken
            .inspect_err(|why| tracing::debug!(%peer, %why, "a TLS handshake failed"))
            .ok()
    };
    let shaken = tokio::time::timeout(HANDSHAKE, shaking).await;
    shaken.ok().flatten()
}

/// The names of the certificate that the client has shown.
fn shown(stream: &TlsStream<TcpStream>) -> ClientNames {
    let shown = stream.get_ref().1.peer_certificates();
    let names = shown.and_then(|chain| chain.first()).map(names_in);
    ClientNames(names.unwrap_or_default().into())
}

/// Waits for a place first: connections beyond the limit stay in the backlog.
async fn next(
    places: &Arc<Semaphore>,
    listener: &TcpListener,
) -> (Option<OwnedSemaphorePermit>, (TcpStream, Peer)) {
    let place = Arc::clone(places).acquire_owned().await.ok();
    (place, accept(listener).await)
}

async fn accept(listener: &TcpListener) -> (TcpStream, Peer) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                // Small answers must not wait for an acknowledgement (Nagle).
                let _ = stream.set_nodelay(true);
                return (stream, Peer(from));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}
