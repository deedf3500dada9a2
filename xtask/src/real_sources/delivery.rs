//! The network between the CMSs and Slugline, played by seeded dice: some webhooks come twice, many late and out of order,
//! and, where that is asked for, some never. Ensures that a CMS is answered at once, that what is passed on is passed on
//! byte for byte, and that what got no answer, because the server was killed, is sent again until it gets one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::parts::request::Request;
use crate::wire::Connection;

/// As the server answers a webhook that it keeps.
const TAKEN: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 21\r\nConnection: close\r\n\r\n{\"status\":\"received\"}";
/// Of a hundred webhooks so many come twice.
const TWICE: u32 = 30;
/// Of a hundred copies so many are late.
const LATE: u32 = 50;
/// How late, in milliseconds: longer than any two edits of an entry are apart.
const LATENESS_MS: Range<u64> = 50..4_000;
/// Of a hundred webhooks so many never come, where some do not.
const LOST: u32 = 45;
/// Before a webhook that got no answer is sent again.
const BEFORE_AGAIN: Duration = Duration::from_millis(250);
/// For one answer; a sender gives two seconds and more.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What was done with the webhooks of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// Webhooks that the CMS sent.
    pub(super) sent: usize,
    /// Of those: passed on twice.
    pub(super) twice: usize,
    /// Copies that were held back.
    pub(super) late: usize,
    /// Webhooks that were never passed on.
    pub(super) lost: usize,
    /// Times that a copy got no answer, or was told to come later, and was sent again.
    pub(super) again: usize,
    /// Answers other than "taken" and "later", in words.
    pub(super) refused: Vec<String>,
}

/// A running network; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Delivery {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    random: Mutex<fastrand::Rng>,
    loses: AtomicBool,
    counts: Mutex<BTreeMap<String, Counts>>,
    /// Copies that have not got their answer yet.
    under_way: watch::Sender<usize>,
    last: Mutex<Instant>,
    /// Where the webhooks are noted as they came.
    notes: PathBuf,
}

impl Delivery {
    /// Listens on `address` and passes on to `server`; webhooks are noted in `notes`.
    ///
    /// # Errors
    /// When the address is taken.
    pub(super) async fn start(
        address: SocketAddr,
        server: SocketAddr,
        seed: u64,
        notes: &Path,
    ) -> Result<Self> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self::over(listener, server, seed, notes))
    }

    fn over(listener: TcpListener, server: SocketAddr, seed: u64, notes: &Path) -> Self {
        let shared = Arc::new(Shared {
            server,
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            loses: AtomicBool::new(false),
            counts: Mutex::default(),
            under_way: watch::Sender::new(0),
            last: Mutex::new(Instant::now()),
            notes: notes.to_owned(),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Self { shared, accepting }
    }

    /// Whether from now on some webhooks are lost for good.
    pub(super) fn lose_some(&self, lose: bool) {
        self.shared.loses.store(lose, Ordering::Relaxed);
    }

    /// Whether all that came was answered, and nothing has come for this long.
    pub(super) fn is_quiet_for(&self, time: Duration) -> bool {
        *self.shared.under_way.borrow() == 0 && locked(&self.shared.last).elapsed() >= time
    }

    /// What was done so far, by source.
    pub(super) fn counts(&self) -> BTreeMap<String, Counts> {
        locked(&self.shared.counts).clone()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            if let Err(error) = take(stream, &shared).await {
                shared.count("?", |counts| counts.refused.push(format!("{error:#}")));
            }
        });
    }
}

/// Answers the CMS, then deals with what it told.
async fn take(mut client: TcpStream, shared: &Arc<Shared>) -> Result<()> {
    let Some(request) = Request::read(&mut client).await? else {
        return Ok(());
    };
    let source = source(&request.target).to_owned();
    shared.note(&request)?;
    let copies = shared.draw(&source);
    client.write_all(TAKEN).await?;
    client.shutdown().await?;
    let request = Arc::new(request);
    for lateness in copies {
        let (shared, source, request) = (shared.clone(), source.clone(), request.clone());
        tokio::spawn(async move {
            sleep(lateness).await;
            shared.deliver(&source, &request).await;
        });
    }
    Ok(())
}

/// `ghost` of `/hooks/ghost`.
fn source(target: &str) -> &str {
    target.rsplit('/').next().unwrap_or(target)
}

impl Shared {
    /// How late each copy of a webhook comes; they are under way from here on.
    fn draw(&self, source: &str) -> Vec<Duration> {
        let mut random = locked(&self.random);
        let mut chance = |percent| random.u32(..100) < percent;
        let is_lost = self.loses.load(Ordering::Relaxed) && chance(LOST);
        let copies = match (is_lost, chance(TWICE)) {
            (true, _) => 0,
            (false, twice) => 1 + usize::from(twice),
        };
        let late: Vec<bool> = (0..copies).map(|_| chance(LATE)).collect();
        let lateness = late.iter().map(|late| match late {
            true => Duration::from_millis(random.u64(LATENESS_MS)),
            false => Duration::ZERO,
        });
        let lateness = lateness.collect();
        self.count(source, |counts| {
            counts.sent += 1;
            counts.lost += usize::from(is_lost);
            counts.twice += usize::from(copies == 2);
            counts.late += late.iter().filter(|late| **late).count();
        });
        *locked(&self.last) = Instant::now();
        self.under_way
            .send_modify(|copies_now| *copies_now += copies);
        lateness
    }

    async fn deliver(&self, source: &str, request: &Request) {
        loop {
            let answer = timeout(ANSWER_WITHIN, self.exchange(&request.raw)).await;
            match answer {
                Ok(Ok((200..300, _))) => break,
                Ok(Ok((429 | 500.., _)) | Err(_)) | Err(_) => {}
                Ok(Ok((status, words))) => {
                    self.count(source, |counts| {
                        counts.refused.push(format!("{status} {words}"));
                    });
                    break;
                }
            }
            self.count(source, |counts| counts.again += 1);
            sleep(BEFORE_AGAIN).await;
        }
        *locked(&self.last) = Instant::now();
        self.under_way.send_modify(|copies| *copies -= 1);
    }

    async fn exchange(&self, raw: &[u8]) -> Result<(u16, String)> {
        let mut connection = Connection::open(self.server).await?;
        let answer = connection.exchange(raw).await?;
        let words = String::from_utf8_lossy(answer.body).into_owned();
        Ok((answer.status, words))
    }

    fn count(&self, source: &str, change: impl FnOnce(&mut Counts)) {
        change(locked(&self.counts).entry(source.to_owned()).or_default());
    }

    /// Keeps a webhook as it came, for whoever looks for the reason of a failure.
    fn note(&self, request: &Request) -> Result<()> {
        use std::io::Write;
        let mut notes = std::fs::OpenOptions::new();
        let mut notes = notes.create(true).append(true).open(&self.notes)?;
        let whole = [&request.raw[..], b"\n\n"].concat();
        Ok(notes.write_all(&whole)?)
    }
}

/// Nothing that holds these locks can be left half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    const WEBHOOK: &[u8] =
        b"POST /hooks/ghost?x=1 HTTP/1.1\r\nhost: a\r\nX-Odd:  b\r\ncontent-length: 4\r\n\r\n{  }";

    #[tokio::test]
    async fn what_got_no_answer_is_sent_again_byte_for_byte() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, here) = (server.local_addr().unwrap(), door.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let delivery = Delivery::over(door, at, 7, &folder.path().join("notes"));
        let mut cms = TcpStream::connect(here).await.unwrap();
        cms.write_all(WEBHOOK).await.unwrap();
        let mut answer = Vec::new();
        cms.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, TAKEN, "the CMS does not wait for the server");
        // A server that is killed before it answers.
        drop(server.accept().await.unwrap());
        let (mut stream, _) = server.accept().await.unwrap();
        let came = Request::read(&mut stream).await.unwrap().unwrap();
        assert_eq!(came.raw, WEBHOOK);
        let counts = delivery.counts().remove("ghost?x=1").unwrap();
        assert_eq!((counts.sent, counts.again), (1, 1));
        assert!(!delivery.is_quiet_for(Duration::ZERO));
    }
}
