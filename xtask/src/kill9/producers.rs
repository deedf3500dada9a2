//! The load: producers that publish versions of their own items, one after the other, and now and then do what real ones
//! do wrong: repeat a key, send the same request over two connections at once, come late with an old version, reuse a key.
//! Ensures that each answer is checked against the table of intake decisions and each acknowledgement is in the ledger.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client::{Client, Decision, count};
use super::findings::{Findings, Wrong};
use super::ledger::{Acknowledged, Content, Ledger, content_id};
use crate::wire::Key;

/// Producers at once: enough that every commit is shared and every kill meets requests in each state.
const PRODUCERS: u32 = 24;
/// Items of one producer; few, so that newer versions meet older ones on their way.
const ITEMS: u32 = 8;
/// The longest pause between two requests of a producer, in milliseconds.
const PAUSE_MS: u64 = 12;

/// A version that no producer comes to: a request with it differs from every other.
const NEVER_SENT: u64 = 1_000_000_000;

/// What producers share with those who judge them.
#[derive(Clone)]
pub(super) struct Books {
    pub(super) ledger: Rc<RefCell<Ledger>>,
    pub(super) findings: Rc<Findings>,
    pub(super) counters: Rc<super::client::Counters>,
}

/// Running producers.
pub(super) struct Producers {
    running: JoinSet<Result<()>>,
    going: Rc<Cell<bool>>,
}

impl Producers {
    /// Starts them. Must be called within a `LocalSet`.
    pub(super) fn start(books: &Books, client: &Client, seed: u64) -> Self {
        let (mut running, going) = (JoinSet::new(), Rc::new(Cell::new(true)));
        for number in 0..PRODUCERS {
            let producer = Producer {
                books: books.clone(),
                client: client.another(),
                random: fastrand::Rng::with_seed(seed ^ u64::from(number) << 32),
                first: number * ITEMS,
                versions: [0; ITEMS as usize],
                last: None,
            };
            running.spawn_local(producer.run(going.clone()));
        }
        Self { running, going }
    }

    /// Resolves only when a producer ends before it was asked to, with what ended it.
    pub(super) async fn broken(&mut self) -> anyhow::Error {
        loop {
            match self.running.join_next().await {
                Some(Ok(Err(error))) => return error,
                Some(Err(error)) => return error.into(),
                Some(Ok(Ok(()))) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Lets each end what it has begun, so that every key is decided.
    pub(super) async fn end(mut self) -> Result<()> {
        self.going.set(false);
        while let Some(ended) = self.running.join_next().await {
            ended??;
        }
        Ok(())
    }
}

/// A request that was acknowledged, to be repeated or misused.
#[derive(Clone)]
struct Sent {
    key: Key,
    body: String,
    publish_id: String,
}

struct Producer {
    books: Books,
    client: Client,
    random: fastrand::Rng,
    first: Content,
    versions: [u64; ITEMS as usize],
    last: Option<Sent>,
}

impl Producer {
    async fn run(mut self, going: Rc<Cell<bool>>) -> Result<()> {
        while going.get() {
            match (self.random.u32(..100), self.last.clone()) {
                (0..8, Some(sent)) => self.repeat(&sent).await?,
                (8..11, Some(sent)) => self.reuse(&sent).await?,
                (11..15, _) => self.come_late().await?,
                (15..22, _) => self.twice_at_once().await?,
                _ => self.publish().await?,
            }
            sleep(Duration::from_millis(self.random.u64(..PAUSE_MS))).await;
        }
        Ok(())
    }

    async fn publish(&mut self) -> Result<()> {
        let next = self.next();
        let decision = self.client.publish(next.key, &next.body).await?;
        if decision.is_duplicate() {
            count(&self.books.counters.replayed);
        }
        match decision.is_accepted() && decision.answer.version == next.version {
            true => self.acknowledged(next, decision.answer.publish_id),
            false => self.wrong("a newer version under a new key", &decision),
        }
        Ok(())
    }

    /// The same bytes over two connections: one is accepted, the other gets its answer.
    async fn twice_at_once(&mut self) -> Result<()> {
        let next = self.next();
        let mut other = self.client.another();
        let (one, two) = tokio::join!(
            self.client.publish(next.key, &next.body),
            other.publish(next.key, &next.body)
        );
        let (one, two) = (one?, two?);
        let both = (one.status, two.status) == (202, 202);
        if both || one.answer.publish_id != two.answer.publish_id {
            let what = format!("{:032x} sent twice at once: {one:?} and {two:?}", next.key);
            self.books.findings.note(Wrong::Twin, what);
        }
        let accepted = one.status == 202 || two.status == 202 || one.doubtful || two.doubtful;
        match accepted
            && [&one, &two]
                .iter()
                .all(|it| it.status == 202 || it.is_duplicate())
        {
            true => self.acknowledged(next, one.answer.publish_id),
            false => self.wrong("one request over two connections", &one),
        }
        Ok(())
    }

    async fn repeat(&mut self, sent: &Sent) -> Result<()> {
        let decision = self.client.publish(sent.key, &sent.body).await?;
        if !decision.is_duplicate() {
            self.wrong("a repeat of an acknowledged key", &decision);
        } else if decision.answer.publish_id != sent.publish_id {
            let what = format!("{:032x} was {}: {decision:?}", sent.key, sent.publish_id);
            self.books.findings.note(Wrong::Twin, what);
        }
        Ok(())
    }

    async fn reuse(&mut self, sent: &Sent) -> Result<()> {
        let body = self.body(0, NEVER_SENT, false);
        let decision = self.client.publish(sent.key, &body).await?;
        if (decision.status, decision.answer.code.as_str()) != (422, "idempotency_key_reused") {
            self.wrong("another request under a used key", &decision);
        }
        Ok(())
    }

    /// An old version under a new key. Repeated after no answer, it is a duplicate of the stored "stale".
    async fn come_late(&mut self) -> Result<()> {
        let item = self.random.usize(..self.versions.len());
        let Some(older) = self.versions[item].checked_sub(1).filter(|it| *it > 0) else {
            return Ok(());
        };
        let body = self.body(item, older, false);
        let decision = self.client.publish(self.random.u128(..), &body).await?;
        let ignored = decision.status == 200 && decision.answer.status == "stale_update_ignored";
        let replayed = decision.doubtful && decision.is_duplicate();
        if !ignored && !replayed {
            self.wrong("an older version", &decision);
        }
        Ok(())
    }

    /// A newer version of one of the items, now and then an unpublish.
    fn next(&mut self) -> Next {
        let item = self.random.usize(..self.versions.len());
        self.versions[item] += 1;
        let (version, removes) = (self.versions[item], self.random.u32(..20) == 0);
        Next {
            key: self.random.u128(..),
            body: self.body(item, version, removes),
            content: self.first + item as Content,
            version,
            removes,
        }
    }

    fn body(&self, item: usize, version: u64, removes: bool) -> String {
        let content_id = content_id(self.first + item as Content);
        let mut body =
            json!({ "content_id": content_id, "version": version, "destinations": ["sink"] });
        if removes {
            body["action"] = json!("unpublish");
        } else {
            let text = format!("<p>Version {version} of {content_id}.</p>").repeat(12);
            body["payload"] = json!({ "title": content_id, "slug": content_id, "body": text });
        }
        body.to_string()
    }

    fn acknowledged(&mut self, next: Next, publish_id: String) {
        let publish = Acknowledged {
            publish_id: publish_id.clone(),
            content: next.content,
            version: next.version,
        };
        let mut ledger = self.books.ledger.borrow_mut();
        ledger.acknowledge(next.key, publish, next.removes);
        self.last = Some(Sent {
            key: next.key,
            body: next.body,
            publish_id,
        });
    }

    fn wrong(&self, what: &str, decision: &Decision) {
        self.books
            .findings
            .note(Wrong::Answer, format!("{what}: {decision:?}"));
    }
}

/// A request to be sent.
struct Next {
    key: Key,
    body: String,
    content: Content,
    version: u64,
    removes: bool,
}
