//! The receiver: verifies every message with the reference library, and takes it, refuses it or hangs up, as it is told.
//! Ensures that it can be absent: while it is down, nobody listens on its port.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use standardwebhooks::Webhook;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::inbox::{Attempt, Inbox};
use crate::wire::Connection;

/// What messages are signed with.
pub(super) const SECRET: &str = "whsec_d29yZHByZXNzIHBsdWdpbiBzdWl0ZSBzZWNyZXQ=";
/// Below the range of local ports of outgoing connections.
const PORT: u16 = 20_099;
const TAKEN: &[u8] = b"HTTP/1.1 204 No Content\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const REFUSED: &[u8] =
    b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const GONE: &[u8] = b"HTTP/1.1 410 Gone\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// How messages are met.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Mood {
    /// Taken.
    #[default]
    Good,
    /// Answered with 500.
    Refusing,
    /// Answered with 410.
    Leaving,
    /// Read, and the connection closed.
    HangingUp,
    /// Read, and never answered: the plugin hangs up.
    Hanging,
    /// Messages about one post are answered with 500, others are taken.
    RefusingPost(u64),
}

/// A receiver on a port of its own.
#[derive(Debug)]
pub(super) struct Receiver {
    shared: Arc<Shared>,
    address: SocketAddr,
    listening: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    inbox: Mutex<Inbox>,
    mood: Mutex<Mood>,
    /// The number of attempts so far: a signal to those who wait for one.
    came: watch::Sender<usize>,
}

impl Receiver {
    /// A receiver that is down.
    pub(super) fn new() -> Self {
        let shared = Shared {
            inbox: Mutex::default(),
            mood: Mutex::default(),
            came: watch::Sender::new(0),
        };
        Self {
            shared: Arc::new(shared),
            address: own_address(),
            listening: None,
        }
    }

    /// Listens from now on.
    ///
    /// # Errors
    /// When the port is taken.
    pub(super) async fn up(&mut self) -> Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        self.listening = Some(tokio::spawn(accept(listener, self.shared.clone())));
        Ok(())
    }

    /// Stops listening; returns when connections are refused.
    pub(super) async fn down(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            // The abort itself is the error that comes back.
            let _ = listening.await;
        }
    }

    /// Meets messages in this way from now on.
    pub(super) fn be(&self, mood: Mood) {
        *locked(&self.shared.mood) = mood;
    }

    /// What has come so far.
    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        locked(&self.shared.inbox)
    }

    /// Changes with every attempt.
    pub(super) fn came(&self) -> watch::Receiver<usize> {
        self.shared.came.subscribe()
    }

    /// Its address, for the plugin.
    pub(super) fn url(&self) -> String {
        format!("http://{}/hooks/wordpress", self.address)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

/// An address of this process alone, so that nobody takes the port while the receiver is down: Linux has all of
/// 127.0.0.0/8 on the loopback interface. The second byte keeps clear of 127.0.0.1.
fn own_address() -> SocketAddr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    SocketAddr::from(([127, 64 | high, middle, low], PORT))
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(stream, &shared).await {
                let mut inbox = locked(&shared.inbox);
                inbox.wrong.push(format!("a request: {error:#}"));
            }
        });
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> Result<()> {
    let webhook = Webhook::new(SECRET)?;
    let mut connection = Connection::over(stream)?;
    let Some(message) = connection.next_request().await? else {
        return Ok(());
    };
    let (mut attempt, wrong) = Attempt::read(&message, &webhook)?;
    let answer = shared.answer(&attempt);
    attempt.taken = answer == Some(TAKEN);
    {
        let mut inbox = locked(&shared.inbox);
        inbox.wrong.extend(wrong);
        inbox.note(attempt);
    }
    shared.came.send_modify(|came| *came += 1);
    match answer {
        Some(answer) => connection.send(answer).await,
        None if shared.hangs() => connection.next_request().await.map(|_| ()),
        None => Ok(()),
    }
}

impl Shared {
    fn hangs(&self) -> bool {
        matches!(*locked(&self.mood), Mood::Hanging)
    }

    fn answer(&self, attempt: &Attempt) -> Option<&'static [u8]> {
        match *locked(&self.mood) {
            Mood::Good => Some(TAKEN),
            Mood::Refusing => Some(REFUSED),
            Mood::Leaving => Some(GONE),
            Mood::HangingUp | Mood::Hanging => None,
            Mood::RefusingPost(post) if attempt.is_of(post) => Some(REFUSED),
            Mood::RefusingPost(_) => Some(TAKEN),
        }
    }
}

/// Nothing that holds these locks can be left half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
