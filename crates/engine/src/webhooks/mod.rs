//! The way in for sources: verify, keep, decide; then the answer.
//!
//! Ensures that a webhook is kept as it came before anything is made of it, so that a sender which never
//! repeats loses nothing to a crash after the answer, and that dealing with one twice has one effect: its
//! keys are made of its number. Calls nobody: what takes longer than the sender waits is left to the
//! caretaker. Does not know HTTP beyond the problem's status.

mod digest;
mod settings;
mod tally;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use serde::Serialize;
use sha2::{Digest, Sha256};
use slugline_core::ids::WebhookId;
use slugline_core::problem::{Code, Problem};
use slugline_core::secret::Secret;
use slugline_core::source::{Manners, Repeats};
use slugline_core::webhook::{Flaw, Incoming, Part, Verified, Window};

use crate::intake::{Intake, problem_of};
use crate::ports::Clock;
use crate::store::{
    ChangeStatus, Envelope, Kept, NewWebhook, Outcome, Proof, RepeatKey, Store, StoreError,
    Webhook, WebhookEnd, WebhookState,
};

pub use settings::{Allows, SourceSettings};
pub use tally::{Counts, Refused, SourceView};

use tally::Tally;

/// Ghost gives two seconds, and has no second try; what was kept by then is answered as received.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// After this time nobody deals with a webhook any more who was there when it came.
const DUE_AFTER: Duration = Duration::from_secs(10);
/// The same for the caretaker, which deals with many.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Headers that may hold a secret. They are kept as the name of the secret that matched.
const SECRET_HEADERS: [&str; 4] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-slugline-token",
];

/// A source at work.
struct Source {
    settings: SourceSettings,
    secrets: Vec<Secret>,
    tally: Tally,
}

/// The way in for sources.
pub struct Webhooks {
    store: Arc<dyn Store>,
    intake: Arc<Intake>,
    clock: Arc<dyn Clock>,
    sources: BTreeMap<String, Source>,
}

/// What the sender of a webhook is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// In one word.
    pub status: ReceiptStatus,
    /// Under which number it is kept.
    pub webhook_id: WebhookId,
    /// How far it is.
    pub state: WebhookState,
    /// What became of what it says.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Whether it came before.
    #[serde(skip)]
    pub repeated: bool,
    /// Whether its sender takes no other status than 200 for success.
    #[serde(skip)]
    pub only_ok: bool,
}

/// The first word of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// A new generation was accepted.
    Ok,
    /// It came before, or everything that it says was known.
    Duplicate,
    /// It is older than what is known.
    StaleUpdateIgnored,
    /// It says nothing that matters here.
    Ignored,
    /// It is kept, and will be dealt with.
    Received,
    /// It is kept, and something that it says could not be done; it waits for a person.
    Failed,
}

impl Webhooks {
    /// The way in for these sources.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        intake: Arc<Intake>,
        clock: Arc<dyn Clock>,
        sources: Vec<SourceSettings>,
    ) -> Self {
        let at_work = |settings: SourceSettings| {
            let secrets = settings.secrets.iter().map(|(_, secret)| secret.clone());
            let (secrets, name) = (secrets.collect(), settings.name.clone());
            let tally = Tally::default();
            let source = Source {
                settings,
                secrets,
                tally,
            };
            (name, source)
        };
        Self {
            store,
            intake,
            clock,
            sources: sources.into_iter().map(at_work).collect(),
        }
    }

    /// The sources of an owner, with what came from them to this node.
    #[must_use]
    pub fn sources(&self, owner: &str) -> Vec<SourceView> {
        let own = self
            .sources
            .values()
            .filter(|source| source.settings.owner == owner);
        own.map(|source| source.tally.view(&source.settings))
            .collect()
    }

    /// Takes a webhook, or says why not. `from`: the sender's address, where it is known.
    ///
    /// # Errors
    /// It is not the source's own, or it cannot be kept now. Nothing is stored.
    pub async fn receive(
        &self,
        name: &str,
        from: Option<IpAddr>,
        incoming: Incoming,
    ) -> Result<Receipt, Problem> {
        let Some(source) = self.sources.get(name) else {
            let detail = format!("no [[source]] is called {name:?}");
            return Err(Problem::new(Code::NotFound, detail));
        };
        let received = self.take(source, from, incoming).await;
        source.tally.count(name, &received, from, self.store.now());
        received
    }

    async fn take(
        &self,
        source: &Source,
        from: Option<IpAddr>,
        incoming: Incoming,
    ) -> Result<Receipt, Problem> {
        source.admits(from)?;
        let window = Window {
            now: self.store.now(),
            tolerance: source.settings.tolerance,
        };
        let verified = source
            .settings
            .source
            .verify(&incoming, &source.secrets, window)
            .map_err(|flaw| problem(&flaw))?;
        self.intake.refuse_to_keep()?;
        let manners = source.settings.source.manners();
        let new = source.webhook(&incoming, &verified, manners);
        let mut kept = self
            .store
            .keep_webhooks(vec![new])
            .await
            .map_err(|why| problem_of(&why))?;
        let receipt = match kept.pop() {
            Some(Kept::New(id)) => self.answer_in_time(source, id, &incoming).await,
            Some(Kept::Before(view)) => Receipt {
                status: ReceiptStatus::Duplicate,
                webhook_id: view.webhook_id,
                state: view.state,
                outcome: view.outcome,
                repeated: true,
                only_ok: false,
            },
            None => return Err(Problem::new(Code::Internal, "the store gave no answer")),
        };
        Ok(Receipt {
            only_ok: manners.only_ok,
            ..receipt
        })
    }

    /// Deals with a webhook that is kept, for as long as its sender can be let wait.
    async fn answer_in_time(&self, source: &Source, id: WebhookId, incoming: &Incoming) -> Receipt {
        let dealing = Box::pin(self.deal_with(source, id, incoming));
        let (state, outcome) = match select(dealing, self.clock.sleep(ANSWER_WITHIN)).await {
            Either::Left((Ok(ended), _)) => ended,
            Either::Left((Err(why), _)) => {
                tracing::warn!(webhook = %id, %why, "a webhook is kept and will be dealt with later");
                (WebhookState::Received, Outcome::default())
            }
            Either::Right(_) => (WebhookState::Received, Outcome::default()),
        };
        Receipt {
            status: ReceiptStatus::of(state, &outcome),
            webhook_id: id,
            state,
            outcome,
            repeated: false,
            only_ok: false,
        }
    }

    /// Deals with webhooks that nobody has dealt with; how many there were.
    pub async fn catch_up(&self, limit: usize) -> Result<usize, StoreError> {
        let waiting = self.store.take_webhooks(limit, AGAIN_AFTER).await?;
        for webhook in &waiting {
            self.deal_with_kept(webhook).await?;
        }
        Ok(waiting.len())
    }

    async fn deal_with_kept(&self, webhook: &Webhook) -> Result<(), StoreError> {
        let Some(source) = self.sources.get(&webhook.source) else {
            let advice = format!(
                "no [[source]] is called {:?} any more; configure it again and retry",
                webhook.source
            );
            return self.end(webhook.id, failed(advice)).await.map(drop);
        };
        let Envelope {
            method,
            url,
            headers,
        } = &webhook.envelope;
        let headers = headers.iter().map(|(name, value)| (name, value));
        let incoming = Incoming::new(method, url, headers, webhook.body.clone());
        let (state, _) = self.deal_with(source, webhook.id, &incoming).await?;
        tracing::info!(webhook = %webhook.id, source = webhook.source, ?state, "caught up with a webhook");
        Ok(())
    }

    /// Decides on all that a webhook says and keeps what became of it. Doing it again is harmless.
    async fn deal_with(
        &self,
        source: &Source,
        id: WebhookId,
        incoming: &Incoming,
    ) -> Result<(WebhookState, Outcome), StoreError> {
        match self.digest(source, id, incoming).await? {
            // Intake said "later": it comes up again.
            (WebhookState::Received, outcome) => Ok((WebhookState::Received, outcome)),
            ended => self.end(id, ended).await,
        }
    }

    async fn end(
        &self,
        id: WebhookId,
        (state, outcome): (WebhookState, Outcome),
    ) -> Result<(WebhookState, Outcome), StoreError> {
        let end = WebhookEnd {
            id,
            state,
            outcome: outcome.clone(),
        };
        self.store.end_webhooks(vec![end]).await?;
        Ok((state, outcome))
    }
}

fn failed(why: String) -> (WebhookState, Outcome) {
    let outcome = Outcome {
        reason: Some(why),
        changes: Vec::new(),
    };
    (WebhookState::Failed, outcome)
}

impl Source {
    fn admits(&self, from: Option<IpAddr>) -> Result<(), Problem> {
        let Some(allowed) = &self.settings.allows else {
            return Ok(());
        };
        if from.is_some_and(|address| allowed(address)) {
            return Ok(());
        }
        let address = from.map_or("an unknown address".to_owned(), |from| from.to_string());
        let detail = format!(
            "{address} is not in allow_ips of this source; behind a proxy, name it in [server] trusted_proxies"
        );
        Err(Problem::new(Code::AddressNotAllowed, detail))
    }

    fn webhook(&self, incoming: &Incoming, verified: &Verified, manners: Manners) -> NewWebhook {
        let settings = &self.settings;
        let label = settings.secrets.get(verified.secret);
        let secret = label.map(|(label, _)| label.clone()).unwrap_or_default();
        NewWebhook {
            source: settings.name.clone(),
            owner: settings.owner.clone(),
            repeat_key: repeat_key(incoming, verified, manners.repeats),
            keep_for: settings.keep_for,
            due_after: DUE_AFTER,
            envelope: envelope(incoming, &secret),
            proof: Proof {
                secret,
                signed_at: verified.signed_at,
                delivery_id: verified.delivery_id.clone(),
            },
            body: incoming.body.clone(),
        }
    }
}

/// By the sender's own name for the delivery where it is signed, else by path and body: what a sender
/// signs anew for each attempt, such as the time, is no part of it.
fn repeat_key(incoming: &Incoming, verified: &Verified, repeats: Repeats) -> Option<RepeatKey> {
    let digest = Sha256::new();
    let digest = match (&verified.delivery_id, repeats) {
        (Some(id), _) => digest.chain_update(b"id\0").chain_update(id),
        (None, Repeats::SameBytes) => digest
            .chain_update(b"bytes\0")
            .chain_update(incoming.target().as_bytes())
            .chain_update(b"\0")
            .chain_update(&incoming.body),
        (None, Repeats::None) => return None,
    };
    let whole: [u8; 32] = digest.finalize().into();
    let mut key = RepeatKey::default();
    key.copy_from_slice(&whole[..16]);
    Some(key)
}

fn envelope(incoming: &Incoming, secret: &str) -> Envelope {
    let kept = |(name, value): (&str, &str)| {
        let value = match SECRET_HEADERS.contains(&name) {
            true => format!("[{secret}]"),
            false => value.to_owned(),
        };
        (name.to_owned(), value)
    };
    Envelope {
        method: incoming.method.clone(),
        url: incoming.url.clone(),
        headers: incoming.headers().map(kept).collect(),
    }
}

fn problem(flaw: &Flaw) -> Problem {
    let code = match flaw.part {
        // Ours: a sender that takes a refusal for final must not.
        Part::Secret => Code::Unavailable,
        Part::Timestamp => Code::OutOfTime,
        Part::Header | Part::Signature | Part::Body => Code::NotGenuine,
    };
    Problem::new(code, &flaw.detail).with("part", flaw.part)
}

impl ReceiptStatus {
    fn of(state: WebhookState, outcome: &Outcome) -> Self {
        let any = |status| outcome.changes.iter().any(|change| change.status == status);
        match state {
            WebhookState::Received => Self::Received,
            WebhookState::Failed => Self::Failed,
            WebhookState::Ignored => Self::Ignored,
            WebhookState::Done if any(ChangeStatus::Ok) => Self::Ok,
            WebhookState::Done if any(ChangeStatus::StaleUpdateIgnored) => Self::StaleUpdateIgnored,
            WebhookState::Done => Self::Duplicate,
        }
    }
}

/// The bytes that a publish made of a webhook keeps as its request: where the request itself is kept.
fn reference(id: WebhookId, place: usize) -> Bytes {
    serde_json::json!({"webhook_id": id, "change": place})
        .to_string()
        .into()
}
