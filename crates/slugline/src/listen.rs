//! The listener: connections, until asked to stop.
//!
//! Ensures that a client which sends its headers slowly, or opens connections without end, cannot
//! keep others out, and that a stop lets requests in flight end. Knows no endpoint.

use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use slugline_web::{ClientNames, Peer, Router};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use crate::handshakes::{Handshakes, Place, Shaken};
use crate::tls::Identity;

/// Time for a request's headers, also between two requests of a kept connection.
const HEADERS: Duration = Duration::from_secs(30);
/// Connections at once; each costs a file descriptor and about 16 KiB. More wait in the backlog.
const CONNECTIONS: usize = 8_192;
/// After an accept that failed (file descriptors ran out): time for some to close.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `stop`, then until the requests in flight have ended. Each request goes to the router that `routers`
/// shows when it comes.
pub async fn serve(
    listener: TcpListener,
    routers: watch::Receiver<Router>,
    tls: Option<&Identity>,
    stop: impl Future<Output = ()>,
) {
    let house = House::new(routers);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut handshakes = Handshakes::default();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            (place, (stream, peer)) = next(&places, &listener) => match tls {
                None => house.attend(stream, peer, ClientNames::default(), place),
                Some(identity) => handshakes.begin(identity.acceptor(), stream, peer, place),
            },
            Shaken { stream, peer, names, place } = handshakes.next() => {
                house.attend(stream, peer, names, place);
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
    routers: watch::Receiver<Router>,
}

impl House {
    fn new(routers: watch::Receiver<Router>) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
        Self {
            http,
            open: GracefulShutdown::new(),
            routers,
        }
    }

    fn attend<S>(&self, stream: S, peer: Peer, names: ClientNames, place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let routers = self.routers.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(names.clone());
            let router = routers.borrow().clone();
            router.oneshot(request)
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

/// Waits for a place first: connections beyond the limit stay in the backlog.
async fn next(places: &Arc<Semaphore>, listener: &TcpListener) -> (Place, (TcpStream, Peer)) {
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
