//! One step of a reconciliation: listing → suspects → the exact look → policy.
//!
//! Ensures that a listing alone never makes anything missing or wrong: it only says what is to be looked
//! at; that a listing which is suspiciously short stops all; and that no more is repaired than the cap
//! allows, also when a node dies half-way. The looks are those of `second_look`, the repairs ordinary jobs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use slugline_core::connector::Listing;
use slugline_core::failure::Failure;
use slugline_core::ids::{Fence, JobId};
use slugline_core::item::Class;
use slugline_core::reason::ErrorClass;
use slugline_core::remedy::{Remedy, is_suspiciously_short};
use slugline_core::time::Timestamp;

use crate::delivery::{Desk, Grant, Shared};
use crate::destination::Destination;
use crate::store::{
    Comparison, DriftFilter, DriftedView, Page, Progress, ReconciliationRecord,
    ReconciliationState, ReconciliationTask, RerunOutcome, Step, StoreError,
};

/// Items that are gone through at once where nothing is listed.
const BATCH: usize = 100;
/// Items that may wait for their look before more are sought: second looks wait in the same line.
const WAITING: u64 = 200;
/// Drifted items that are dealt with at once.
const REPAIRS: usize = 25;
/// Until it is seen whether looks have ended.
const PATIENCE: Duration = Duration::from_secs(1);
/// Questions in a row without a useful answer, outages left out, after which it stops.
const FAILURES: u32 = 5;
/// Between two of them.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// A reconciliation that takes longer stops: it says less and less of how things are.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What a step needs.
pub(crate) struct Stride<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) destination: &'a Arc<Destination>,
    pub(crate) dice: f64,
}

/// How a step ended.
enum End {
    /// It goes on, after this time.
    On(Duration),
    /// All is done.
    Done,
    /// It cannot go on.
    Stop(String),
    /// Somebody else has it.
    Lost,
}

/// What can go wrong in a step.
enum Trouble {
    Store(StoreError),
    Vendor(Failure),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Stride<'_> {
    /// Does one step and keeps it; whether the next may follow at once.
    pub(crate) async fn step(&self, mut task: ReconciliationTask) -> Result<bool, StoreError> {
        let now = self.shared.store.now();
        let ended = if now.since(task.started_at) > LONGEST {
            let hours = LONGEST.as_secs() / 3_600;
            Ok(End::Stop(format!("not done within {hours} h")))
        } else {
            self.go(&mut task).await
        };
        let end = match ended {
            Ok(end) => end,
            Err(Trouble::Store(error)) => return Err(error),
            Err(Trouble::Vendor(failure)) => self.failed(&mut task.record, &failure, now),
        };
        let (state, next) = match end {
            End::Lost => return Ok(false),
            End::On(next) => (ReconciliationState::Running, next),
            End::Done => (ReconciliationState::Done, Duration::ZERO),
            End::Stop(why) => {
                task.record.why = Some(why);
                (ReconciliationState::Stopped, Duration::ZERO)
            }
        };
        if self.keep(&task, state, next).await? && state != ReconciliationState::Running {
            self.report(&task, state);
        }
        Ok(next.is_zero())
    }

    fn report(&self, task: &ReconciliationTask, state: ReconciliationState) {
        let outcome = match state {
            ReconciliationState::Done => "done",
            _ => "stopped",
        };
        metrics::counter!("slugline_reconciliations_total", "outcome" => outcome).increment(1);
        let (destination, why) = (&task.destination, task.record.why.as_deref().unwrap_or(""));
        let counts = &task.record.counts;
        tracing::info!(reconciliation = %task.id, destination, outcome, why, ?counts, "a reconciliation ended");
    }

    async fn keep(
        &self,
        task: &ReconciliationTask,
        state: ReconciliationState,
        next: Duration,
    ) -> Result<bool, StoreError> {
        let progress = Progress {
            id: task.id,
            fence: task.fence,
            state,
            record: task.record.clone(),
            next,
        };
        self.shared.store.keep_reconciliation(progress).await
    }

    async fn go(&self, task: &mut ReconciliationTask) -> Result<End, Trouble> {
        let is_search = matches!(task.record.step, Step::Comparing | Step::Searching);
        if is_search && self.must_wait(task).await? {
            return Ok(End::On(PATIENCE));
        }
        match task.record.step {
            Step::Comparing => self.compare(task).await,
            Step::Searching => self.search(task).await,
            Step::Looking => self.look(task).await,
            Step::Repairing => self.repair(task).await,
        }
    }

    /// Whether enough items wait for their look already.
    async fn must_wait(&self, task: &mut ReconciliationTask) -> Result<bool, Trouble> {
        if task.record.suspects < WAITING {
            return Ok(false);
        }
        task.record.suspects = self.shared.store.tally(task.id).await?.waiting;
        Ok(task.record.suspects >= WAITING)
    }

    /// A page of what is there; where nothing can be listed, a batch of what should be.
    async fn compare(&self, task: &mut ReconciliationTask) -> Result<End, Trouble> {
        let Some(listing) = self.list(task.record.cursor.as_deref()).await? else {
            let each = |after| Comparison::Each {
                after,
                limit: BATCH,
            };
            return self.walk(task, each).await;
        };
        let listed = listing.entries.len() as u64;
        let what = Comparison::Listed(listing.entries);
        let Some(compared) = self.shared.store.compare(task, what).await? else {
            return Ok(End::Lost);
        };
        let record = &mut task.record;
        (record.failures, record.why) = (0, None);
        record.suspects += compared.suspects;
        record.counts.listed += listed;
        record.counts.unmanaged += compared.unmanaged;
        record.cursor = listing.next;
        if record.cursor.is_none() {
            record.step = Step::Searching;
        }
        Ok(End::On(Duration::ZERO))
    }

    async fn list(&self, cursor: Option<&str>) -> Result<Option<Listing>, Trouble> {
        // It only reads: no job stands behind it, and no lease has to outlast its requests.
        let grant = Grant {
            job: JobId(0),
            fence: Fence(0),
            lease: Duration::ZERO,
            until: Duration::MAX,
        };
        let desk = Desk::new(
            self.shared.clone(),
            Arc::clone(self.destination),
            Class::Reconcile,
            grant,
            BTreeMap::new(),
        );
        let Some(page) = self.destination.connector.list(cursor, &desk) else {
            return Ok(None);
        };
        let page = page.await.map_err(Trouble::Vendor)?;
        self.destination.succeeded();
        Ok(Some(page))
    }

    /// A batch of items by their numbers, after the one where the last batch ended.
    async fn walk(
        &self,
        task: &mut ReconciliationTask,
        what: impl Fn(i64) -> Comparison,
    ) -> Result<End, Trouble> {
        let after = task.record.cursor.as_deref().map(str::parse::<i64>);
        let after = after.and_then(Result::ok).unwrap_or(0);
        let Some(compared) = self.shared.store.compare(task, what(after)).await? else {
            return Ok(End::Lost);
        };
        let record = &mut task.record;
        record.suspects += compared.suspects;
        record.cursor = compared.last.map(|last| last.to_string());
        if record.cursor.is_none() {
            record.step = Step::Looking;
        }
        Ok(End::On(Duration::ZERO))
    }

    /// A batch of what should be there and was not listed, if the listing can be believed.
    async fn search(&self, task: &mut ReconciliationTask) -> Result<End, Trouble> {
        if task.record.cursor.is_none() {
            let tally = self.shared.store.tally(task.id).await?;
            let (expected, met) = (tally.expected, tally.met);
            let counts = &task.record.counts;
            let is_blank = counts.listed == 0 && expected > 0;
            let is_doubtful = is_blank || is_suspiciously_short(expected, met);
            if is_doubtful && !task.record.believe_listing {
                return Ok(End::Stop(format!(
                    "the listing has {} entries and only {met} of the {expected} items that should be there; nothing is taken \
                     for missing. Is it the right site, with all that was in it, and may the account read all of it? If that is all there \
                     is, compare it again with believe_listing",
                    counts.listed
                )));
            }
        }
        let unseen = |after| Comparison::Unseen {
            after,
            limit: BATCH,
        };
        self.walk(task, unseen).await
    }

    /// Waits for the looks, and takes over what they found.
    async fn look(&self, task: &mut ReconciliationTask) -> Result<End, Trouble> {
        let tally = self.shared.store.tally(task.id).await?;
        let record = &mut task.record;
        record.counts.in_sync = tally.in_sync;
        record.counts.take_drift(&tally.drift);
        if tally.waiting > 0 {
            return Ok(End::On(PATIENCE));
        }
        if record.dry_run {
            return Ok(End::Done);
        }
        record.step = Step::Repairing;
        Ok(End::On(Duration::ZERO))
    }

    /// Does with a batch of what has drifted as the policy says.
    async fn repair(&self, task: &mut ReconciliationTask) -> Result<End, Trouble> {
        let filter = DriftFilter {
            destination: Some(task.destination.clone()),
            reconciliation: Some(task.id),
            ..DriftFilter::default()
        };
        let cursor = task.record.cursor.as_deref().map(str::parse);
        let page = Page {
            limit: REPAIRS,
            cursor: cursor.and_then(Result::ok),
        };
        let drifted = self.shared.store.drifted(filter, page).await?;
        let policy = self.destination.settings.reconcile.policy;
        let of = |remedy| {
            let items = drifted.items.iter();
            let wanted = items.filter(move |item| policy.of(item.kind) == remedy);
            wanted.cloned().collect::<Vec<_>>()
        };
        let (mut repairs, adopts) = (of(Remedy::Repair), of(Remedy::Adopt));
        self.cap(&mut task.record, &mut repairs);
        // Counted before they are queued: whoever goes on after a crash must not exceed the cap.
        let before = task.record.counts.repaired;
        task.record.counts.repaired += repairs.len() as u64;
        task.record.cursor = drifted.next_cursor.map(|cursor| cursor.to_string());
        if !self
            .keep(task, ReconciliationState::Running, Duration::from_secs(60))
            .await?
        {
            return Ok(End::Lost);
        }
        task.record.counts.repaired = before + self.rerun(task, &repairs).await?;
        task.record.counts.adopted += self.adopt(task, &adopts).await?;
        Ok(match drifted.next_cursor {
            Some(_) => End::On(Duration::ZERO),
            None => End::Done,
        })
    }

    /// Leaves out what the cap does not allow.
    fn cap(&self, record: &mut ReconciliationRecord, repairs: &mut Vec<DriftedView>) {
        let most = self.destination.settings.reconcile.max_repairs;
        let left = most.saturating_sub(record.counts.repaired);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        if repairs.len() > left {
            repairs.truncate(left);
            let why = format!("max_repairs = {most} is reached; what drifted besides is reported");
            record.why = Some(why);
        }
    }

    /// Queues jobs; how many.
    async fn rerun(
        &self,
        task: &ReconciliationTask,
        repairs: &[DriftedView],
    ) -> Result<u64, StoreError> {
        let rerun = |drifted: &DriftedView| {
            let overwrites = drifted.kind.is_somebodys();
            drifted.repair(overwrites, &task.record.actor, task.id.to_string())
        };
        if repairs.is_empty() {
            return Ok(0);
        }
        let reruns = repairs.iter().map(rerun).collect();
        let outcomes = self.shared.store.rerun(reruns).await?;
        let queued = |outcome: &&RerunOutcome| matches!(outcome, RerunOutcome::Queued(_));
        Ok(outcomes.iter().filter(queued).count() as u64)
    }

    /// Takes what is there for the new baseline; how often.
    async fn adopt(
        &self,
        task: &ReconciliationTask,
        adopts: &[DriftedView],
    ) -> Result<u64, StoreError> {
        if adopts.is_empty() {
            return Ok(0);
        }
        let adopted = self
            .shared
            .store
            .adopt(adopts.to_vec(), &task.record.actor)
            .await?;
        Ok(adopted.iter().filter(|adopted| **adopted).count() as u64)
    }

    /// Outages and throttling are waited for; other failures stop it, some at once.
    fn failed(&self, record: &mut ReconciliationRecord, failure: &Failure, now: Timestamp) -> End {
        record.why = Some(failure.message.clone());
        let elsewhere = self
            .destination
            .failed(JobId(0), failure, false, now, self.dice);
        if let Some(at) = elsewhere {
            return End::On(at.since(now).max(PATIENCE));
        }
        record.failures += 1;
        let is_final = matches!(failure.class(), ErrorClass::Auth | ErrorClass::Invalid);
        if is_final || record.failures >= FAILURES {
            return End::Stop(format!("it could not be listed: {}", failure.message));
        }
        End::On(AFTER_FAILURE)
    }
}
