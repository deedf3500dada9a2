//! TLS handshakes under way.
//!
//! Ensures that a handshake costs its own client's time only: each has a limit of its own, and where there are
//! too many the oldest gives way, so that who begins them and does not end them keeps nobody out. Judges no
//! certificate: [`crate::tls`] has said whose are good.

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use slugline_web::{ClientNames, Peer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::tls::names_in;

/// Time from the connection to the end of its handshake: three round trips to the other side of the world,
/// with one packet lost.
const TIME: Duration = Duration::from_secs(10);
/// Handshakes under way at once; each holds about 40 KiB.
const MOST: usize = 1_024;
/// The first byte of a TLS connection (RFC 8446 §5.1: a record of type handshake).
const TLS_RECORD: u8 = 22;
/// The answer to those who do not speak TLS where it is spoken.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 41\r\nconnection: close\r\n\r\nThis port speaks TLS: call it by https://";

/// A connection's place among all.
pub type Place = Option<OwnedSemaphorePermit>;

/// A connection under TLS, with the names in the certificate that its client has shown.
pub struct Shaken {
    /// The connection.
    pub stream: TlsStream<TcpStream>,
    /// The other end.
    pub peer: Peer,
    /// The names.
    pub names: ClientNames,
    /// Its place.
    pub place: Place,
}

/// Handshakes under way; dropped, they end.
#[derive(Default)]
pub struct Handshakes(Newest<Option<Shaken>>);

impl Handshakes {
    /// Begins one.
    pub fn begin(&mut self, acceptor: TlsAcceptor, stream: TcpStream, peer: Peer, place: Place) {
        self.0.spawn(MOST, async move {
            let shaken = tokio::time::timeout(TIME, shake_hands(acceptor, stream, peer)).await;
            let stream = shaken.ok().flatten();
            if stream.is_none() {
                metrics::counter!("slugline_tls_handshakes_failed_total").increment(1);
            }
            let stream = stream?;
            let names = shown(&stream);
            Some(Shaken {
                stream,
                peer,
                names,
                place,
            })
        });
    }

    /// The next one that ends well.
    pub async fn next(&mut self) -> Shaken {
        loop {
            match self.0.running.join_next().await {
                Some(Ok(Some(shaken))) => return shaken,
                Some(_) => {}
                None => pending().await,
            }
        }
    }
}

async fn shake_hands(
    acceptor: TlsAcceptor,
    mut stream: TcpStream,
    Peer(peer): Peer,
) -> Option<TlsStream<TcpStream>> {
    let mut first = [0];
    stream.peek(&mut first).await.ok()?;
    if first[0] != TLS_RECORD {
        let _ = stream.write_all(SPEAK_TLS).await;
        let _ = stream.shutdown().await;
        return None;
    }
    let shaken = acceptor.accept(stream).await;
    shaken
        .inspect_err(|why| tracing::debug!(%peer, %why, "a TLS handshake failed"))
        .ok()
}

/// The names of the certificate that the client has shown.
fn shown(stream: &TlsStream<TcpStream>) -> ClientNames {
    let shown = stream.get_ref().1.peer_certificates();
    let names = shown.and_then(|chain| chain.first()).map(names_in);
    ClientNames(names.unwrap_or_default().into())
}

/// Tasks of which the oldest gives way to the newest.
struct Newest<T> {
    running: JoinSet<T>,
    /// In the order in which they began; some have ended.
    begun: VecDeque<AbortHandle>,
}

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Self {
            running: JoinSet::new(),
            begun: VecDeque::new(),
        }
    }
}

impl<T: Send + 'static> Newest<T> {
    fn spawn(&mut self, most: usize, task: impl Future<Output = T> + Send + 'static) {
        while self.begun.front().is_some_and(AbortHandle::is_finished) {
            self.begun.pop_front();
        }
        if self.running.len() >= most
            && let Some(oldest) = self.begun.pop_front()
        {
            oldest.abort();
        }
        self.begun.push_back(self.running.spawn(task));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_gives_way() {
        let mut tasks = Newest::default();
        tasks.spawn(2, pending());
        tasks.spawn(2, pending());
        tasks.spawn(2, async { 3 });
        let ended = [
            tasks.running.join_next().await,
            tasks.running.join_next().await,
        ];
        let ended = ended.map(|ended| ended.unwrap().ok());
        assert!(
            ended.contains(&None) && ended.contains(&Some(3)),
            "{ended:?}"
        );
        assert_eq!(tasks.running.len(), 1);
    }
}
