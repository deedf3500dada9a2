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
use slugline_web::{Peer, Router};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

/// Time for a request's headers, also between two requests of a kept connection.
const HEADERS: Duration = Duration::from_secs(30);
/// Connections at once; each costs a file descriptor and about 16 KiB. More wait in the backlog.
const CONNECTIONS: usize = 8_192;
/// After an accept that failed (file descriptors ran out): time for some to close.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `stop`, then until the requests in flight have ended.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let open = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let mut stop = std::pin::pin!(stop);
    loop {
        let (place, (stream, peer)) = tokio::select! {
            arrived = next(&places, &listener) => arrived,
            () = &mut stop => break,
        };
        let router = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.clone().oneshot(request)
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A client that goes away is no event of ours.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
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
