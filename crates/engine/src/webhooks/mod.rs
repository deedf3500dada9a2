//! The way in for sources: verify, keep, decide; then the answer.
//!
//! Ensures that a webhook is kept as it came before anything is made of it, so that a sender which never
//! repeats loses nothing to a crash after the answer, and that dealing with one twice has one effect: its
//! keys are made of its number. Calls nobody: what takes longer than the sender waits is left to the
//! caretaker. Does not know HTTP beyond the problem's status.

mod ask;
mod became;
mod digest;
mod doubt;
mod echo;
mod envelope;
mod keeping;
mod noted;
mod reach;
mod receipt;
mod sender;
mod settings;
mod slug;
mod sweep;
mod tally;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use slugline_core::ids::WebhookId;
use slugline_core::problem::{Code, Problem};
use slugline_core::secret::Secret;
use slugline_core::source::{News, Wire};
use slugline_core::time::Timestamp;
use slugline_core::version::Version;
use slugline_core::webhook::{Incoming, Verified, Window};

use crate::delivery::Shared;
use crate::intake::{Intake, problem_of};
use crate::ports::Clock;
use crate::store::{
    Envelope, Kept, NewWebhook, Outcome, Proof, Store, StoreError, Webhook, WebhookEnd,
    WebhookState,
};

pub use receipt::{Receipt, ReceiptStatus};
pub use sender::Sender;
pub use settings::{Allows, Site, SourceSettings, SweepSettings};
pub use tally::{Counts, PollFailure, Refused, SourceView};

use ask::SourceWire;
use keeping::problem;
use reach::Reach;
use tally::Tally;

/// Ghost gives two seconds, and has no second try; what was kept by then is answered as received.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// The same for the caretaker, which deals with many.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// A source at work.
struct Source {
    settings: SourceSettings,
    secrets: Vec<Secret>,
    tally: Tally,
    reach: Reach,
}

/// The way in for sources.
pub struct Webhooks {
    store: Arc<dyn Store>,
    intake: Arc<Intake>,
    clock: Arc<dyn Clock>,
    wire: SourceWire,
    sources: BTreeMap<String, Source>,
}

/// The door of one source, for one sender.
pub struct Door<'a> {
    webhooks: &'a Webhooks,
    source: &'a Source,
    from: Option<IpAddr>,
}

impl Door<'_> {
    /// Bytes of a body that are taken.
    #[must_use]
    pub fn max_body(&self) -> usize {
        self.source.settings.max_body
    }

    /// Takes a webhook, or says why not.
    ///
    /// # Errors
    /// It is not the source's own, or it cannot be kept now. Nothing is stored.
    pub async fn receive(&self, incoming: Incoming) -> Result<Receipt, Problem> {
        let received = self.webhooks.take(self.source, incoming).await;
        let mut receipt = received.map_err(|problem| self.refused(problem))?;
        receipt.only_ok = self.source.settings.source.manners().only_ok;
        let now = self.webhooks.store.now();
        self.source
            .tally
            .took(&self.source.settings.name, &receipt, now);
        Ok(receipt)
    }

    /// Counts what is not taken, whatever the reason: its sender may not come again.
    pub fn refused(&self, problem: Problem) -> Problem {
        let now = self.webhooks.store.now();
        let name = &self.source.settings.name;
        self.source.tally.refused(name, &problem, self.from, now);
        problem
    }
}

/// How far what a webhook says could be decided on.
enum Digested {
    Ended(WebhookState, Outcome),
    /// Not now.
    Later,
    /// Its source has to be asked first.
    Asks,
}

/// A webhook that is kept, to be dealt with.
struct Came<'a> {
    id: WebhookId,
    received_at: Timestamp,
    proof: &'a Proof,
    incoming: &'a Incoming,
    /// What it says; else why it cannot be read.
    told: &'a Result<News, String>,
    /// The way to its source, for those who have the time.
    wire: Option<&'a dyn Wire>,
}

impl Webhooks {
    /// The way in for these sources.
    #[must_use]
    pub fn new(shared: &Shared, intake: Arc<Intake>, sources: Vec<SourceSettings>) -> Self {
        let at_work = |settings: SourceSettings| {
            let secrets = settings.secrets.iter().map(|(_, secret)| secret.clone());
            let (secrets, name) = (secrets.collect(), settings.name.clone());
            let tally = Tally::default();
            let source = Source {
                settings,
                secrets,
                tally,
                reach: Reach::default(),
            };
            (name, source)
        };
        Self {
            store: Arc::clone(&shared.store),
            intake,
            wire: SourceWire::new(shared),
            clock: Arc::clone(&shared.clock),
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

    /// Whether a source brings its secret as the last part of the URL's path.
    #[must_use]
    pub fn has_token_in_path(&self, source: &str) -> bool {
        let source = self.sources.get(source);
        source.is_some_and(|source| source.settings.source.has_token_in_path())
    }

    /// The environment of a source, where there is one of this name.
    #[must_use]
    pub fn environment(&self, source: &str) -> Option<&str> {
        let source = self.sources.get(source)?;
        Some(&source.settings.environment)
    }

    /// The door of a source for a sender, before anything of the body is read.
    ///
    /// # Errors
    /// There is no such source, or it does not have this sender.
    pub fn door(&self, name: &str, sender: &Sender<'_>) -> Result<Door<'_>, Problem> {
        let Some(source) = self.sources.get(name) else {
            let detail = format!("no [[source]] is called {name:?}");
            return Err(Problem::new(Code::NotFound, detail));
        };
        let door = Door {
            webhooks: self,
            source,
            from: sender.address,
        };
        match source.settings.admits(sender) {
            Ok(()) => Ok(door),
            Err(problem) => Err(door.refused(problem)),
        }
    }

    /// Takes a webhook, or says why not.
    ///
    /// # Errors
    /// It is not the source's own, or it cannot be kept now. Nothing is stored.
    pub async fn receive(
        &self,
        name: &str,
        from: Option<IpAddr>,
        incoming: Incoming,
    ) -> Result<Receipt, Problem> {
        let sender = Sender {
            address: from,
            certificate_names: &[],
        };
        self.door(name, &sender)?.receive(incoming).await
    }

    async fn take(&self, source: &Source, incoming: Incoming) -> Result<Receipt, Problem> {
        let window = Window {
            now: self.store.now(),
            tolerance: source.settings.tolerance,
        };
        let verified = source
            .settings
            .source
            .verify(&incoming, &source.secrets, window)
            .map_err(|flaw| problem(&flaw))?;
        self.intake
            .refuse_to_keep()
            .map_err(keeping::fault_of_ours)?;
        let mut new = source.webhook(&incoming, &verified)?;
        tracing::Span::current().record("webhook_secret", &*new.proof.secret);
        let mut kept = self.keep(new.clone()).await?;
        let told = ask::changes(source, &incoming);
        // By what sets it apart from one it may still be another one again.
        while let Kept::Before(before) = &kept
            && let Some(doubtful) = self.doubt(source, &incoming, &told, (&new, before)).await?
        {
            new = doubtful;
            kept = self.keep(new.clone()).await?;
        }
        Ok(match (kept, new.ended) {
            (Kept::Before(view), _) => Receipt::again(*view),
            (Kept::New(id), Some((state, outcome))) => Receipt::of(id, state, outcome),
            (Kept::New(id), None) => {
                let came = Came {
                    id,
                    received_at: window.now,
                    proof: &new.proof,
                    incoming: &incoming,
                    told: &told,
                    wire: None,
                };
                Receipt {
                    occurred_at: occurred_at(&told, &verified),
                    ..self.answer_in_time(source, &came).await
                }
            }
        })
    }

    async fn keep(&self, new: NewWebhook) -> Result<Kept, Problem> {
        let kept = self.store.keep_webhooks(vec![new]).await;
        let mut kept = kept.map_err(|why| problem_of(&why))?;
        let silent = || Problem::new(Code::Internal, "the store gave no answer");
        kept.pop().ok_or_else(silent)
    }

    /// Deals with a webhook that is kept, for as long as its sender can be let wait.
    async fn answer_in_time(&self, source: &Source, came: &Came<'_>) -> Receipt {
        let dealing = Box::pin(self.deal_with(source, came));
        let (state, outcome) = match select(dealing, self.clock.sleep(ANSWER_WITHIN)).await {
            Either::Left((Ok(ended), _)) => ended,
            Either::Left((Err(why), _)) => {
                tracing::warn!(webhook = %came.id, %why, "a webhook is kept and will be dealt with later");
                (WebhookState::Received, Outcome::default())
            }
            Either::Right(_) => (WebhookState::Received, Outcome::default()),
        };
        Receipt::of(came.id, state, outcome)
    }

    /// Deals with webhooks that nobody has dealt with; how many there were.
    pub async fn catch_up(&self, limit: usize) -> Result<usize, StoreError> {
        let waiting = self.store.take_webhooks(limit, AGAIN_AFTER).await?;
        for webhook in &waiting {
            match self.deal_with_kept(webhook).await {
                Ok(()) => {}
                // It would meet the others too.
                Err(why @ (StoreError::Unavailable(_) | StoreError::Full(_))) => return Err(why),
                Err(why) => {
                    tracing::error!(webhook = %webhook.id, %why, "a webhook cannot be dealt with")
                }
            }
        }
        Ok(waiting.len())
    }

    async fn deal_with_kept(&self, webhook: &Webhook) -> Result<(), StoreError> {
        let Some(source) = self.sources.get(&webhook.source) else {
            // Another node may know it: configurations change node by node.
            tracing::warn!(webhook = %webhook.id, source = webhook.source, "no [[source]] of this name is configured here");
            return Ok(());
        };
        let Envelope {
            method,
            url,
            headers,
        } = &webhook.envelope;
        let headers = headers.iter().map(|(name, value)| (name, value));
        let incoming = Incoming::new(method, url, headers, webhook.body.clone());
        let came = Came {
            id: webhook.id,
            received_at: webhook.received_at,
            proof: &webhook.proof,
            incoming: &incoming,
            told: &ask::changes(source, &incoming),
            wire: Some(&self.wire),
        };
        let (state, _) = self.deal_with(source, &came).await?;
        tracing::info!(webhook = %webhook.id, source = webhook.source, ?state, "caught up with a webhook");
        Ok(())
    }

    /// Decides on all that a webhook says and keeps what became of it. Doing it again is harmless.
    async fn deal_with(
        &self,
        source: &Source,
        came: &Came<'_>,
    ) -> Result<(WebhookState, Outcome), StoreError> {
        match self.digest(source, came).await? {
            Digested::Ended(state, outcome) => self.end(source, came, (state, outcome)).await,
            // Intake said "later": it comes up again.
            Digested::Later => Ok((WebhookState::Received, Outcome::default())),
            Digested::Asks => {
                let owner = &source.settings.owner;
                self.store.redo_webhook(owner, came.id).await?;
                let reason = Some("the entry is being looked up at its source".into());
                let outcome = Outcome {
                    reason,
                    ..Outcome::default()
                };
                Ok((WebhookState::Received, outcome))
            }
        }
    }

    async fn end(
        &self,
        source: &Source,
        came: &Came<'_>,
        (state, outcome): (WebhookState, Outcome),
    ) -> Result<(WebhookState, Outcome), StoreError> {
        let end = WebhookEnd {
            id: came.id,
            state,
            noted: source.noted(came, &outcome),
            outcome: outcome.clone(),
        };
        self.store.end_webhooks(vec![end]).await?;
        Ok((state, outcome))
    }
}

fn failed(why: String) -> (WebhookState, Outcome) {
    let outcome = Outcome {
        reason: Some(why),
        ..Outcome::default()
    };
    (WebhookState::Failed, outcome)
}

/// When what a webhook tells happened: the newest time that it has itself, because a sender that tries again
/// signs anew; else the time of signing. What became of it would tell versions that were made here.
fn occurred_at(told: &Result<News, String>, verified: &Verified) -> Option<Timestamp> {
    let told = told.iter().flat_map(|news| news.changes.values());
    let times = told.filter_map(|change| match change.version? {
        Version::Time(at) => Some(at),
        Version::Number(_) => None,
    });
    times.max().or(verified.signed_at)
}

/// The bytes that a publish made of a webhook keeps as its request: where the request itself is kept.
fn reference(id: WebhookId, place: usize) -> Bytes {
    serde_json::json!({"webhook_id": id, "change": place})
        .to_string()
        .into()
}
