//! What people do with jobs, judged by what the log said of them.
//!
//! Ensures that an action is done where the job's state allows it and nowhere else, to what the person saw
//! (P6); that what a person ended stays ended; that a retry never jumps the queue; and that what people
//! say is kept (P8).

use std::collections::{BTreeMap, BTreeSet};

use slugline_core::event::LogEntry;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::operator::JobAction;
use slugline_core::problem::{Code, Problem};
use slugline_core::time::Timestamp;
use slugline_engine::store::{JobOrder, NewNote};

use super::log::job_of;
use super::{Job, Judged, Model, Publish, broken};

/// What people did.
#[derive(Default)]
pub(crate) struct Operated {
    /// Publishes that wait again since then.
    retried: BTreeMap<PublishId, Timestamp>,
    /// What was said of an item.
    notes: Vec<(ItemKey, String)>,
    /// Where a generation was taken back before it was released: owner, environment, locale. Its item may have given its
    /// slug back, or not, as something of it still held it.
    taken_back: BTreeSet<(String, String, String)>,
}

/// What may come of an action: the job's state then, or the refusal.
type Allowed = Result<JobState, Code>;

impl Model {
    /// Judges what the store answered to orders, one after the other.
    pub(crate) fn judge_acted(
        &mut self,
        orders: &[JobOrder],
        answers: &[Result<JobState, Problem>],
    ) -> Judged {
        let mut states: BTreeMap<JobId, JobState> = BTreeMap::new();
        for (order, answer) in orders.iter().zip(answers) {
            let allowed = self.allowed(order, states.get(&order.job).copied());
            let is_as_expected = match (allowed, answer) {
                (Ok(expected), Ok(state)) => expected == *state,
                (Err(expected), Err(problem)) => expected == problem.code,
                _ => false,
            };
            if !is_as_expected {
                let known = self.jobs.get(&order.job);
                let what = format!("{order:?} of {known:?}: expected {allowed:?}, got {answer:?}");
                return broken("P6", what);
            }
            if let Ok(state) = answer {
                states.insert(order.job, *state);
                self.keep_note(order);
            }
        }
        Ok(())
    }

    fn allowed(&self, order: &JobOrder, before: Option<JobState>) -> Allowed {
        let found = self.publish_of(order.job);
        let own = found.filter(|(_, publish)| publish.item.owner == order.owner);
        let Some((job, publish)) = own else {
            return Err(Code::NotFound);
        };
        if order.runs.is_some_and(|runs| runs.0 != job.runs) {
            return Err(Code::ChangedMeanwhile);
        }
        match (order.action, before.unwrap_or(job.state)) {
            (JobAction::Escalate, state) => Ok(state),
            (JobAction::Retry, JobState::Failed) => self.retry(order.job, job, publish),
            (JobAction::Skip, JobState::Failed) => Ok(JobState::Skipped),
            (JobAction::Cancel, JobState::Pending) if !job.placed => Ok(JobState::Cancelled),
            (JobAction::Pause, JobState::Queued) => Ok(JobState::Pending),
            (JobAction::Resume, JobState::Pending) if job.placed => Ok(JobState::Queued),
            _ => Err(Code::IllegalState),
        }
    }

    /// A retry takes nobody's place, and waits again for what its publish has not got yet.
    fn retry(&self, id: JobId, job: &Job, publish: &Publish) -> Allowed {
        let place = (publish.item.clone(), job.destination.clone());
        let holder = self.places.get(&place).filter(|holder| **holder != id);
        let newer = holder.and_then(|holder| self.publish_of(*holder));
        if newer.is_some_and(|(_, newer)| newer.generation > publish.generation || job.placed) {
            return Err(Code::Superseded);
        }
        match job.placed || publish.released {
            true => Ok(JobState::Queued),
            false => Ok(JobState::Pending),
        }
    }

    fn keep_note(&mut self, order: &JobOrder) {
        if let (Some(text), Some((_, publish))) = (&order.note, self.publish_of(order.job)) {
            let said = (publish.item.clone(), text.clone());
            self.operated.notes.push(said);
        }
    }

    /// A person wrote a note, and knows that it is kept.
    pub(crate) fn wrote(&mut self, note: NewNote) {
        let NewNote { item, text, .. } = note;
        self.operated.notes.push((item, text));
    }

    /// What was said, and of which items.
    pub(crate) fn said(&self) -> Vec<(ItemKey, String)> {
        self.operated.notes.clone()
    }

    /// What was said of an item is erased with its words.
    pub(super) fn unsay(&mut self, item: &ItemKey) {
        self.operated.notes.retain(|(of, _)| of != item);
    }

    /// The log says that a dead letter is tried again.
    pub(super) fn retried(&mut self, entry: &LogEntry) -> Judged {
        let queued = entry.outcome == JobState::Queued.as_str();
        let to = match queued {
            true => JobState::Queued,
            false => JobState::Pending,
        };
        self.moved(entry, &[JobState::Failed], to)?;
        let Some(id) = job_of(entry) else {
            return Ok(());
        };
        let Some(job) = self.jobs.get(&id) else {
            return Ok(());
        };
        let (publish, placed) = (job.publish, job.placed);
        if !queued {
            self.operated.retried.insert(publish, entry.at);
            return Ok(());
        }
        let released = self
            .publishes
            .get(&publish)
            .is_some_and(|publish| publish.released);
        if !released {
            return broken(
                "P6",
                format!("{id} jumps the queue: {publish} was never released"),
            );
        }
        if !placed {
            self.take_place(id);
        }
        Ok(())
    }

    /// The log says that a person marked a job complete.
    pub(super) fn marked_complete(&mut self, entry: &LogEntry) -> Judged {
        self.note_taken_back(entry);
        self.moved(entry, &[JobState::Failed], JobState::Skipped)
    }

    fn note_taken_back(&mut self, entry: &LogEntry) {
        let job = job_of(entry).and_then(|id| self.jobs.get(&id));
        let unplaced = job.filter(|job| !job.placed);
        let publish = unplaced.and_then(|job| self.publishes.get(&job.publish));
        if let Some(item) = publish.map(|publish| publish.item.clone()) {
            let scope = (item.owner, item.environment, item.locale);
            self.operated.taken_back.insert(scope);
        }
    }

    /// Whether the slugs of an item's neighbours cannot be known any more.
    pub(super) fn may_have_given_back(&self, item: &ItemKey) -> bool {
        let scope = (
            item.owner.clone(),
            item.environment.clone(),
            item.locale.clone(),
        );
        self.operated.taken_back.contains(&scope)
    }

    /// The log says that a job was taken back.
    pub(super) fn taken_off(&mut self, entry: &LogEntry) -> Judged {
        let placed = job_of(entry)
            .and_then(|id| self.jobs.get(&id))
            .is_some_and(|job| job.placed);
        if placed {
            return broken("P6", format!("what was released is taken back: {entry:?}"));
        }
        self.note_taken_back(entry);
        self.moved(entry, &[JobState::Pending], JobState::Cancelled)
    }

    /// Since when a publish waits again.
    pub(super) fn retried_at(&self, publish: PublishId) -> Option<Timestamp> {
        self.operated.retried.get(&publish).copied()
    }

    /// Judges that what has an item's place was not ended by a person.
    pub(super) fn judge_not_ended(&self, item: &ItemKey, destination: &str) -> Judged {
        let holder = self.places.get(&(item.clone(), destination.to_owned()));
        let job = holder.and_then(|id| self.jobs.get(id));
        match job.map(|job| job.state) {
            Some(state @ (JobState::Skipped | JobState::Cancelled)) => broken(
                "P6",
                format!("{item:?} runs again at {destination}, a person ended it as {state:?}"),
            ),
            _ => Ok(()),
        }
    }

    /// Jobs that a person may look at: owner, id, state, runs; those first about which something can be done.
    pub(crate) fn on_the_desk(&self) -> Vec<(String, JobId, JobState, i64)> {
        let mut found: Vec<_> = self
            .jobs
            .iter()
            .filter_map(|(id, job)| {
                let publish = self.publishes.get(&job.publish)?;
                Some((publish.item.owner.clone(), *id, job.state, job.runs))
            })
            .collect();
        let is_idle = |state| {
            !matches!(
                state,
                JobState::Failed | JobState::Pending | JobState::Queued
            )
        };
        found.sort_by_key(|(_, id, state, _)| (is_idle(*state), *id));
        found
    }

    /// Jobs that are paused: owner and id.
    pub(crate) fn paused_jobs(&self) -> Vec<(String, JobId)> {
        let paused = self
            .jobs
            .iter()
            .filter(|(_, job)| job.placed && job.state == JobState::Pending);
        let owned = paused.filter_map(|(id, job)| {
            Some((self.publishes.get(&job.publish)?.item.owner.clone(), *id))
        });
        owned.collect()
    }
}
