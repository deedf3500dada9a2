//! The destination: a webhook receiver that counts and checks. Ensures that every signature is verified (by the reference
//! library, not by our code), that one `webhook-id` always carries the same bytes and has one effect, and that no item
//! is ever shown an older generation. Its dice make it refuse, be slow, and take a message without answering.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use standardwebhooks::Webhook;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::findings::{Findings, Wrong};
use crate::wire::{Connection, Message};

/// What deliveries are signed with.
pub(super) const SECRET: &str = "whsec_a2lsbDkta2lsbDkta2lsbDkta2lsbDkta2ls";
/// The header in which each node says which it is.
pub(super) const NODE: &str = "x-suite-node";
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const REFUSED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
/// The longest that a slow answer takes, in milliseconds: well below the configured timeout, so that it counts.
const SLOW_MS: u64 = 60;
/// What every answer takes while the sink is sluggish: nearly the configured timeout, so that many runs wait for one.
const SLUGGISH: Duration = Duration::from_millis(800);

/// What an item shows at the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) generation: u64,
    pub(super) version: u64,
    pub(super) removed: bool,
}

/// What has arrived.
#[derive(Default)]
struct Received {
    items: HashMap<String, Shown>,
    /// A digest of the bytes that came under each `webhook-id`.
    messages: HashMap<String, u64>,
}

/// A running sink.
pub(super) struct Sink {
    pub(super) address: SocketAddr,
    received: RefCell<Received>,
    repeats: Cell<usize>,
    sluggish: Cell<bool>,
    /// Requests that wait for their answer, by the node that sent them.
    in_hand: RefCell<HashMap<String, usize>>,
    findings: Rc<Findings>,
    webhook: Webhook,
}

#[derive(Deserialize)]
struct Delivery {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    content_id: String,
    version: u64,
    generation: u64,
}

/// What a message comes to.
enum Fate {
    Taken,
    Slow(Duration),
    Unanswered,
    Refused,
}

impl Sink {
    /// Listens. Must be called within a `LocalSet`.
    pub(super) async fn start(address: SocketAddr, findings: Rc<Findings>) -> Result<Rc<Self>> {
        let listener = TcpListener::bind(address).await?;
        let sink = Rc::new(Self {
            address,
            received: RefCell::default(),
            repeats: Cell::new(0),
            sluggish: Cell::new(false),
            in_hand: RefCell::default(),
            findings,
            webhook: Webhook::new(SECRET)?,
        });
        tokio::task::spawn_local(accept(listener, sink.clone()));
        Ok(sink)
    }

    /// What an item shows.
    pub(super) fn shown(&self, content_id: &str) -> Option<Shown> {
        self.received.borrow().items.get(content_id).copied()
    }

    /// From now on every answer takes long, or not.
    pub(super) fn be_sluggish(&self, sluggish: bool) {
        self.sluggish.set(sluggish);
    }

    /// Requests of a node that wait for their answer: runs that it has under lease.
    pub(super) fn in_hand(&self, node: SocketAddr) -> usize {
        let in_hand = self.in_hand.borrow();
        in_hand.get(&node.to_string()).copied().unwrap_or(0)
    }

    /// Different messages taken.
    pub(super) fn messages(&self) -> usize {
        self.received.borrow().messages.len()
    }

    /// Messages that came again under their id and had no second effect.
    pub(super) fn repeats(&self) -> usize {
        self.repeats.get()
    }

    fn take(&self, message: &Message<'_>) -> Result<()> {
        let headers = message.request_headers()?;
        let id = headers
            .get("webhook-id")
            .context("no webhook-id")?
            .to_str()?;
        if let Err(why) = self.webhook.verify(message.body, &headers) {
            self.findings.note(Wrong::Message, format!("{id}: {why}"));
        }
        let delivery: Delivery = serde_json::from_slice(message.body)?;
        let mut received = self.received.borrow_mut();
        match received
            .messages
            .insert(id.to_owned(), digest(message.body))
        {
            Some(first) => self.again(id, first == digest(message.body), &delivery, &received),
            None => self.apply(id, &delivery, &mut received),
        }
        Ok(())
    }

    /// The same id: the same bytes, and never behind what is shown, although a receiver that deduplicates would not care.
    fn again(&self, id: &str, same: bool, delivery: &Delivery, received: &Received) {
        self.repeats.set(self.repeats.get() + 1);
        if !same {
            self.findings
                .note(Wrong::Message, format!("{id} came with other bytes"));
        }
        let shown = received.items.get(&delivery.data.content_id);
        if shown.is_some_and(|shown| shown.generation > delivery.data.generation) {
            let what = format!(
                "{id} of {} came again behind a newer",
                delivery.data.content_id
            );
            self.findings.note(Wrong::Backwards, what);
        }
    }

    fn apply(&self, id: &str, delivery: &Delivery, received: &mut Received) {
        let Data {
            content_id,
            version,
            generation,
        } = &delivery.data;
        let now = Shown {
            generation: *generation,
            version: *version,
            removed: delivery.kind != "content.published",
        };
        let before = received.items.insert(content_id.clone(), now);
        let wrong = match before {
            Some(before) if before.generation == now.generation => Wrong::Twin,
            Some(before) if before.generation > now.generation => Wrong::Backwards,
            _ => return,
        };
        self.findings.note(
            wrong,
            format!("{content_id}: {now:?} as {id} after {before:?}"),
        );
    }
}

async fn accept(listener: TcpListener, sink: Rc<Sink>) {
    while let Ok((stream, _)) = listener.accept().await {
        let sink = sink.clone();
        tokio::task::spawn_local(async move {
            // A connection ends when its server is killed; what it had sent is judged by the next run.
            let _ = serve(stream, &sink).await;
        });
    }
}

async fn serve(stream: TcpStream, sink: &Sink) -> Result<()> {
    let mut connection = Connection::over(stream)?;
    while let Some(message) = connection.next_request().await? {
        let node = sender(&message)?;
        let fate = match sink.sluggish.get() {
            true => Fate::Slow(SLUGGISH),
            false => draw(),
        };
        if !matches!(fate, Fate::Refused)
            && let Err(error) = sink.take(&message)
        {
            sink.findings.note(Wrong::Message, format!("{error:#}"));
        }
        match fate {
            Fate::Taken => connection.send(TAKEN).await?,
            Fate::Slow(time) => {
                *sink.in_hand.borrow_mut().entry(node.clone()).or_default() += 1;
                sleep(time).await;
                *sink.in_hand.borrow_mut().entry(node).or_default() -= 1;
                connection.send(TAKEN).await?;
            }
            Fate::Refused => connection.send(REFUSED).await?,
            Fate::Unanswered => return Ok(()),
        }
    }
    Ok(())
}

/// The node that a message comes from, as its configuration says.
fn sender(message: &Message<'_>) -> Result<String> {
    let headers = message.request_headers()?;
    let node = headers.get(NODE).context("no header that names the node")?;
    Ok(node.to_str()?.to_owned())
}

/// Mostly well; often enough not that every kill meets deliveries in each state.
fn draw() -> Fate {
    match fastrand::u32(..100) {
        0..3 => Fate::Refused,
        3..6 => Fate::Unanswered,
        6..20 => Fate::Slow(Duration::from_millis(fastrand::u64(1..SLOW_MS))),
        _ => Fate::Taken,
    }
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink() -> Sink {
        Sink {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            received: RefCell::default(),
            repeats: Cell::new(0),
            sluggish: Cell::new(false),
            in_hand: RefCell::default(),
            findings: Rc::default(),
            webhook: Webhook::new(SECRET).unwrap(),
        }
    }

    fn delivery(generation: u64) -> Delivery {
        let data = Data {
            content_id: "item-1".into(),
            version: generation,
            generation,
        };
        Delivery {
            kind: "content.published".into(),
            data,
        }
    }

    fn found(generations: [u64; 2]) -> Vec<Wrong> {
        let sink = sink();
        for (number, generation) in generations.into_iter().enumerate() {
            let mut received = sink.received.borrow_mut();
            sink.apply(
                &format!("msg-{number}"),
                &delivery(generation),
                &mut received,
            );
        }
        sink.findings.counts().into_keys().collect()
    }

    #[test]
    fn a_step_backwards_and_a_twin_are_found() {
        assert_eq!(found([1, 2]), []);
        assert_eq!(found([2, 1]), [Wrong::Backwards]);
        assert_eq!(found([2, 2]), [Wrong::Twin]);
    }

    #[test]
    fn a_repeat_has_no_effect_and_must_have_the_same_bytes() {
        let sink = sink();
        sink.apply("msg-1", &delivery(1), &mut sink.received.borrow_mut());
        sink.again("msg-1", true, &delivery(1), &sink.received.borrow());
        assert_eq!((sink.repeats(), sink.findings.counts().len()), (1, 0));
        sink.again("msg-1", false, &delivery(1), &sink.received.borrow());
        assert_eq!(sink.findings.counts()[&Wrong::Message], 1);
    }
}
