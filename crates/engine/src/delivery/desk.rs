//! The desk a run works at: the engine's side of the connectors' port.
//!
//! Ensures that a request starts only while the lease outlasts it (P7), that effects are durable
//! before the next step, and that a write without a clear answer is known as unknown. Does not
//! decide anything.

mod credential;
mod record;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use slugline_core::exchange::Exchange;
use slugline_core::failure::Failure;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::ids::{Fence, JobId};
use slugline_core::item::Class;
use slugline_core::port::{BoxFuture, EffectKey, FileOp, FileReply, Port};
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;

use self::record::Record;
use crate::destination::Destination;
use crate::ports::{Clock, Transport};
use crate::sealing::SealingKey;
use crate::store::{EffectChange, Hold, Lease, Store, StoreError};

/// Added to a request's timeout when it is held against the lease: the time between our look at
/// the clock and the first byte.
const LEASE_MARGIN: Duration = Duration::from_secs(1);

/// Pauses before a read that found nobody is repeated within its run.
const READ_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// What all runs of a node share.
#[derive(Clone)]
pub struct Shared {
    /// The memory.
    pub store: Arc<dyn Store>,
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What credentials that rotate are encrypted with; `None` when configuration has none.
    pub sealing_key: Option<Arc<SealingKey>>,
}

/// The right to one job, and when it ends on the node's clock.
pub struct Grant {
    /// The job.
    pub job: JobId,
    /// The right to settle.
    pub fence: Fence,
    /// How long a lease lasts.
    pub lease: Duration,
    /// When it ends, by the node's monotonic clock, counted from before the claim was asked for.
    pub until: Duration,
}

/// One run's desk.
pub struct Desk {
    shared: Shared,
    destination: Arc<Destination>,
    class: Class,
    grant: Mutex<Grant>,
    effects: Mutex<BTreeMap<String, String>>,
    requests: AtomicU32,
    wrote: AtomicBool,
    unknown: AtomicBool,
    answered: AtomicBool,
    record: Record,
}

impl Desk {
    /// A desk for a claimed job; `effects` are the item's at this destination.
    #[must_use]
    pub fn new(
        shared: Shared,
        destination: Arc<Destination>,
        class: Class,
        grant: Grant,
        effects: BTreeMap<String, String>,
    ) -> Self {
        Self {
            shared,
            destination,
            class,
            grant: Mutex::new(grant),
            effects: Mutex::new(effects),
            requests: AtomicU32::new(0),
            wrote: AtomicBool::new(false),
            unknown: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            record: Record::default(),
        }
    }

    /// Requests sent so far.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The last requests and what came of them, for a person to read.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.record.describe()
    }

    /// Whether a write was sent.
    #[must_use]
    pub fn wrote(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }

    /// Whether a write ended without a clear answer.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.unknown.load(Ordering::Relaxed)
    }

    /// Whether the destination answered any request of this run: then it is not down.
    #[must_use]
    pub fn was_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// How long the lease lasts yet.
    #[must_use]
    pub fn lease_left(&self) -> Duration {
        let grant = self.grant.lock().unwrap_or_else(PoisonError::into_inner);
        grant.until.saturating_sub(self.shared.clock.monotonic())
    }

    fn identity(&self) -> (JobId, Fence) {
        let grant = self.grant.lock().unwrap_or_else(PoisonError::into_inner);
        (grant.job, grant.fence)
    }

    /// Makes sure that the lease outlasts a request of this length; prolongs it when needed.
    async fn secure_lease(&self, timeout: Duration) -> Result<(), SendError> {
        let needed = timeout + LEASE_MARGIN;
        let asked_at = self.shared.clock.monotonic();
        let lease = {
            let grant = self.grant.lock().unwrap_or_else(PoisonError::into_inner);
            if grant.until > asked_at + needed {
                return Ok(());
            }
            Lease {
                job: grant.job,
                fence: grant.fence,
                lease: grant.lease.max(needed * 2),
            }
        };
        let length = lease.lease;
        let renewed = self
            .shared
            .store
            .renew(vec![lease])
            .await
            .map_err(|error| SendError::NotSent(error.to_string()))?;
        if renewed.first() != Some(&true) {
            return Err(SendError::LeaseLost);
        }
        self.grant
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .until = asked_at + length;
        Ok(())
    }

    async fn await_token(&self) {
        while let Err(wait) = self
            .destination
            .take_token(self.class, self.shared.clock.now())
        {
            self.shared.clock.sleep(wait).await;
        }
    }

    /// Sends a request; a read that found nobody is repeated, since that can do no harm and a run
    /// of many requests would otherwise begin anew for each hiccup.
    async fn send_timed(&self, mut request: Request) -> Result<Response, SendError> {
        let timeout = request.timeout.unwrap_or(self.destination.settings.timeout);
        request.timeout = Some(timeout);
        for pause in READ_PAUSES {
            let outcome = self.send_once(request.clone(), timeout).await;
            if request.method.writes() || !is_hiccup(&outcome) || self.destination.is_down() {
                return outcome;
            }
            self.shared.clock.sleep(pause).await;
        }
        self.send_once(request, timeout).await
    }

    async fn send_once(&self, request: Request, timeout: Duration) -> Result<Response, SendError> {
        self.await_token().await;
        self.secure_lease(timeout).await?;
        let writes = request.method.writes();
        self.requests.fetch_add(1, Ordering::Relaxed);
        if writes {
            self.wrote.store(true, Ordering::Relaxed);
        }
        let (kept, at) = (Record::begin(&request), self.shared.clock.now());
        let began = self.shared.clock.monotonic();
        let outcome = self.shared.transport.send(request).await;
        let took = self.shared.clock.monotonic().saturating_sub(began);
        self.record.end(kept, at, took, &outcome);
        if writes && leaves_doubt(&outcome) {
            self.note_unknown();
        }
        if outcome.as_ref().is_ok_and(|response| response.status < 500) {
            self.answered.store(true, Ordering::Relaxed);
        }
        outcome
    }

    async fn change(&self, key: &EffectKey, result_ref: Option<String>) -> Result<(), Failure> {
        let (job, fence) = self.identity();
        let change = EffectChange {
            job,
            fence,
            key: key.clone(),
            result_ref: result_ref.clone(),
        };
        let kept = self
            .shared
            .store
            .record(vec![change])
            .await
            .map_err(|error| storage(&error))?;
        if kept.first() != Some(&true) {
            return Err(Failure::new(
                Reason::Interrupted,
                "the lease of this run is lost",
            ));
        }
        let mut effects = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
        match result_ref {
            Some(result_ref) => effects.insert(key.to_string(), result_ref),
            None => effects.remove(&key.to_string()),
        };
        Ok(())
    }
}

/// Whether asking again at once is worth while.
fn is_hiccup(outcome: &Result<Response, SendError>) -> bool {
    match outcome {
        Ok(response) => {
            matches!(response.status, 500 | 502 | 503 | 504)
                && response.header("retry-after").is_none()
        }
        Err(error) => matches!(error, SendError::NotSent(_) | SendError::NoAnswer(_)),
    }
}

/// Whether a write that ended so may have been applied, now or later.
fn leaves_doubt(outcome: &Result<Response, SendError>) -> bool {
    match outcome {
        Ok(response) => response.status >= 500 || response.status == 408,
        Err(SendError::NoAnswer(_) | SendError::TooLarge(_)) => true,
        Err(
            SendError::NotSent(_)
            | SendError::Refused(_)
            | SendError::LeaseLost
            | SendError::NoCredential(_),
        ) => false,
    }
}

fn storage(error: &StoreError) -> Failure {
    Failure::new(Reason::LocalStorage, error.to_string())
}

impl Port for Desk {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        match self.destination.connector.renewal() {
            Some(renewal) if request.authorized => Box::pin(self.send_authorized(renewal, request)),
            _ => Box::pin(self.send_timed(request)),
        }
    }

    fn file<'a>(
        &'a self,
        root: &'a str,
        operation: FileOp,
    ) -> BoxFuture<'a, Result<FileReply, SendError>> {
        Box::pin(async move {
            self.secure_lease(self.destination.settings.timeout).await?;
            if matches!(operation, FileOp::Write { .. } | FileOp::Remove { .. }) {
                self.wrote.store(true, Ordering::Relaxed);
            }
            self.shared.transport.file(root, operation).await
        })
    }

    fn recall<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        Box::pin(async move {
            let name = key.to_string();
            let known = self
                .effects
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&name)
                .cloned();
            if known.is_some() || matches!(key, EffectKey::Item(_)) {
                return Ok(known);
            }
            let destination = &self.destination.settings.name;
            self.shared
                .store
                .shared_effect(destination, &name)
                .await
                .map_err(|error| storage(&error))
        })
    }

    fn remember<'a>(
        &'a self,
        key: &'a EffectKey,
        result_ref: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.change(key, Some(result_ref.to_owned())))
    }

    fn forget<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.change(key, None))
    }

    fn hold<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let (job, fence) = self.identity();
            let held = self
                .shared
                .store
                .hold(vec![Hold {
                    job,
                    fence,
                    key: key.clone(),
                }])
                .await;
            match held.map_err(|error| storage(&error))?.first() {
                Some(true) => Ok(()),
                _ => Err(Failure::new(
                    Reason::Busy,
                    format!("another run works on {key}"),
                )),
            }
        })
    }

    fn media<'a>(&'a self, sha256: &'a str) -> BoxFuture<'a, Result<Bytes, Failure>> {
        Box::pin(async move {
            let bytes = self
                .shared
                .store
                .media(sha256)
                .await
                .map_err(|error| storage(&error))?;
            bytes.ok_or_else(|| {
                Failure::new(
                    Reason::MediaMissing,
                    format!("the bytes of {sha256} are not kept here"),
                )
            })
        })
    }

    fn note_unknown(&self) {
        self.unknown.store(true, Ordering::Relaxed);
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.shared.clock.sleep(duration)
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }
}
