//! One transaction's changes, gathered before they are written.
//!
//! Ensures that orders of one group see each other's effect, and that however many they are, each
//! table is written by one statement. What is changed was loaded and locked before.

use std::collections::{BTreeMap, BTreeSet};

use slugline_core::ids::{JobId, PublishId};
use slugline_core::item::{Action, ItemKey};
use slugline_core::lifecycle::JobState;
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;
use slugline_engine::store::Found;

use super::fault::{Done, Fault};
use super::gauges::Effected;
use super::write::{Write, columns, write};
use super::{dependencies, desired, jobs, log, notes, waiting};
use crate::accepting::content_name;
use crate::change::desired::{Desired, Placing};
use crate::change::operator::Note;
use crate::change::settle::Run;
use crate::change::{Change, Ledger};
use crate::entry::{Dated, Entry, Written};
use crate::job::JobRow;
use crate::short_name::ShortName;

/// What a transaction changes.
pub(crate) struct Changes {
    now: Timestamp,
    /// Jobs that desired state names, and pending ones, of the items concerned.
    known: BTreeMap<JobId, JobRow>,
    pub(crate) patches: BTreeMap<JobId, jobs::Patch>,
    pub(crate) desired: BTreeMap<(i64, i64), Wanted>,
    pub(crate) events: Vec<Written>,
    runs: Vec<KeptRun>,
    ended_holds: Vec<i64>,
    stopped: Vec<i64>,
    done: Vec<(i64, Option<i64>)>,
    looks: Vec<(i64, i64)>,
    given_up: Vec<i64>,
    again: Vec<i64>,
    notes: Vec<notes::NewRow>,
    arrived: BTreeSet<ShortName>,
    effected: Effected,
}

/// What is desired of an item at a destination, and by whom.
pub(crate) struct Wanted {
    pub(crate) state: Desired,
    pub(crate) action: Action,
    pub(crate) publish: PublishId,
    /// The fingerprint of what a person said to leave as it is.
    pub(crate) adopted: Option<String>,
    /// Whether it is to be written.
    pub(crate) changed: bool,
}

/// A run as it is kept.
struct KeptRun {
    job: i64,
    number: i64,
    started_at: i64,
    outcome: String,
    requests: i64,
    failure: Option<String>,
    exchanges: Option<String>,
}

impl Dated for Changes {
    fn now(&self) -> Timestamp {
        self.now
    }
}

impl Changes {
    /// Nothing changed yet.
    pub(crate) fn at(now: Timestamp) -> Self {
        Self {
            now,
            known: BTreeMap::new(),
            patches: BTreeMap::new(),
            desired: BTreeMap::new(),
            events: Vec::new(),
            runs: Vec::new(),
            ended_holds: Vec::new(),
            stopped: Vec::new(),
            done: Vec::new(),
            looks: Vec::new(),
            given_up: Vec::new(),
            again: Vec::new(),
            notes: Vec::new(),
            arrived: BTreeSet::new(),
            effected: Effected::default(),
        }
    }

    /// Takes jobs that were loaded and locked, or are about to be inserted.
    pub(crate) fn know(&mut self, jobs: impl IntoIterator<Item = JobRow>) {
        self.known.extend(jobs.into_iter().map(|job| (job.id, job)));
    }

    /// The pending jobs that were loaded, as they are now.
    pub(crate) fn pending_jobs(&self) -> impl Iterator<Item = &JobRow> {
        let known = self.known.values();
        known.filter(|job| job.state == JobState::Pending)
    }

    /// Makes the looks due that are due at this time, of those that were loaded.
    pub(crate) fn make_due(&mut self, at: Timestamp) {
        let now = self.now;
        for wanted in self.desired.values_mut() {
            if wanted.state.look_due_at == Some(at) {
                (wanted.state.look_due_at, wanted.changed) = (Some(now), true);
            }
        }
    }

    /// Takes a job out that has no row yet, as it is now, and by which job it was replaced.
    pub(crate) fn take_new(&mut self, id: JobId) -> Option<(JobRow, Option<JobId>)> {
        let patch = self.patches.remove(&id);
        let job = self.known.remove(&id)?;
        Some((job, patch.and_then(|patch| patch.replaced_by)))
    }

    /// What it does outside the database once it is committed.
    pub(crate) fn effected(&self) -> Effected {
        self.effected
    }

    /// The statements that write it, in the order of the locks: jobs, then desired state.
    pub(crate) fn writes(self) -> Done<Vec<Write<'static>>> {
        let ended = self.done.iter().map(|(publish, _)| publish);
        let ended = ended.chain(&self.stopped).copied().collect();
        let writes = [
            jobs::save(&self.patches),
            desired::save(&self.desired),
            keep_runs(self.runs, self.now),
            delete_holds(self.ended_holds),
            waiting::stop(self.stopped),
            waiting::end(self.done),
            waiting::look_again(self.looks),
            waiting::give_up(self.given_up),
            waiting::again(self.again, self.now),
            notes::insert(self.notes),
            dependencies::forget(ended),
            dependencies::arrive(self.arrived),
            log::append(self.events, self.effected.opened)?,
        ];
        Ok(writes.into_iter().flatten().collect())
    }

    fn wanted(&mut self, job: &JobRow) -> Option<&mut Wanted> {
        let wanted = self.desired.get_mut(&(job.item, job.destination))?;
        wanted.changed = true;
        Some(wanted)
    }
}

impl Ledger for Changes {
    type Fault = Fault;

    fn change(&mut self, job: &JobRow, change: Change<'_>) -> Done<()> {
        let now = self.now;
        let patch = self
            .patches
            .entry(job.id)
            .or_insert_with(|| jobs::Patch::of(job));
        patch.apply(change, now)?;
        if let Some(known) = self.known.get_mut(&job.id) {
            patch.show(known);
        }
        Ok(())
    }

    fn log(&mut self, entry: Entry<'_>) -> Done<()> {
        self.events.push(entry.finish());
        Ok(())
    }

    fn count_open(&mut self, jobs: i64) {
        self.effected.opened += jobs;
    }

    fn nudge(&mut self) {
        self.effected.nudge = true;
    }

    fn keep_run(&mut self, job: &JobRow, run: &Run<'_>) -> Done<()> {
        self.runs.push(KeptRun {
            job: job.id.0,
            number: job.fence.0,
            started_at: run.started_at.0,
            outcome: run.outcome.to_owned(),
            requests: run.requests.into(),
            failure: run.failure.map(serde_json::to_string).transpose()?,
            exchanges: match run.exchanges {
                [] => None,
                some => Some(serde_json::to_string(some)?),
            },
        });
        Ok(())
    }

    fn end_holds(&mut self, job: JobId) -> Done<()> {
        self.ended_holds.push(job.0);
        Ok(())
    }

    fn desired(&mut self, item: i64, destination: i64) -> Done<Option<Desired>> {
        let wanted = self.desired.get(&(item, destination));
        Ok(wanted.map(|wanted| wanted.state.clone()))
    }

    fn desire(&mut self, placing: &Placing) -> Done<()> {
        let before = self.desired.remove(&(placing.item, placing.destination));
        let wanted = desired::placed(before, placing);
        self.desired
            .insert((placing.item, placing.destination), wanted);
        Ok(())
    }

    fn show(&mut self, job: &JobRow) -> Done<()> {
        if let Some(Wanted { state, adopted, .. }) = self.wanted(job)
            && state
                .shown_generation
                .is_none_or(|shown| shown <= job.generation)
        {
            state.shown_generation = Some(job.generation);
            state.shown_job = Some(job.id);
            state.undisturbed = true;
            (state.drift, state.drift_at) = (None, None);
            (state.drift_seen, *adopted) = (None, None);
        }
        Ok(())
    }

    fn disturb(&mut self, job: &JobRow) -> Done<()> {
        if let Some(wanted) = self.wanted(job) {
            wanted.state.undisturbed = false;
        }
        Ok(())
    }

    fn owe_look(&mut self, job: &JobRow, due: Timestamp) -> Done<()> {
        if let Some(wanted) = self.wanted(job) {
            wanted.state.look_owed = true;
        }
        self.look_later(job, due)
    }

    fn look_later(&mut self, job: &JobRow, due: Timestamp) -> Done<()> {
        if let Some(wanted) = self.wanted(job) {
            wanted.state.look_due_at = wanted.state.look_due_at.max(Some(due));
        }
        Ok(())
    }

    fn pay_look(&mut self, job: &JobRow) -> Done<()> {
        let taken = job.claimed_at.unwrap_or(self.now);
        if let Some(wanted) = self.wanted(job)
            && wanted.state.look_due_at.is_some_and(|due| due <= taken)
        {
            wanted.state.look_due_at = None;
            wanted.state.look_owed = false;
        }
        Ok(())
    }

    fn drift(&mut self, job: &JobRow, found: Option<&Found>) -> Done<()> {
        let (kind, now) = (found.map(|found| found.kind), self.now);
        if let Some(Wanted { state, .. }) = self.wanted(job) {
            if state.drift != kind {
                state.drift_at = kind.map(|_| now);
            }
            state.drift = kind;
            state.drift_seen = found.and_then(|found| found.fingerprint.clone());
        }
        Ok(())
    }

    fn job(&mut self, id: JobId) -> Done<Option<JobRow>> {
        Ok(self.known.get(&id).cloned())
    }

    fn pending(&mut self, publish: PublishId) -> Done<Vec<JobRow>> {
        let of_publish = |job: &&JobRow| job.publish == publish;
        Ok(self.pending_jobs().filter(of_publish).cloned().collect())
    }

    fn pending_below(
        &mut self,
        item: i64,
        destination: i64,
        generation: Generation,
    ) -> Done<Vec<JobRow>> {
        let is_older = |job: &&JobRow| {
            (job.item, job.destination) == (item, destination) && job.generation < generation
        };
        Ok(self.pending_jobs().filter(is_older).cloned().collect())
    }

    fn stop_waiting(&mut self, publish: PublishId) -> Done<()> {
        self.stopped.push(publish.0);
        Ok(())
    }

    fn give_up_waiting(&mut self, publish: PublishId) -> Done<()> {
        self.given_up.push(publish.0);
        Ok(())
    }

    fn wait_again(&mut self, publish: PublishId) -> Done<()> {
        self.again.push(publish.0);
        Ok(())
    }

    fn note(&mut self, job: &JobRow, note: &Note<'_>) -> Done<()> {
        let at = (job.item, Some(job.id));
        self.notes.push(notes::NewRow::of(at, note, self.now));
        Ok(())
    }

    fn end_waiting(&mut self, publish: PublishId, released: bool) -> Done<()> {
        self.done.push((publish.0, released.then_some(self.now.0)));
        Ok(())
    }

    fn look_again(&mut self, publish: PublishId, at: Timestamp) -> Done<()> {
        self.looks.push((publish.0, at.0));
        Ok(())
    }

    fn arrive(&mut self, key: &ItemKey) -> Done<()> {
        let content = content_name(&key.owner, &key.environment, &key.content_id);
        self.arrived.insert(content);
        Ok(())
    }
}

fn keep_runs(runs: Vec<KeptRun>, now: Timestamp) -> Option<Write<'static>> {
    let sql = "INSERT INTO attempt (job, number, started_at, ended_at, outcome, requests, failure, exchanges)
               SELECT c.job, c.number, c.started_at, $8, c.outcome, c.requests, c.failure, c.exchanges
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[])
                    AS c (job, number, started_at, outcome, requests, failure, exchanges)";
    if runs.is_empty() {
        return None;
    }
    let jobs: Vec<i64> = runs.iter().map(|run| run.job).collect();
    let numbers: Vec<i64> = runs.iter().map(|run| run.number).collect();
    let started: Vec<i64> = runs.iter().map(|run| run.started_at).collect();
    let requests: Vec<i64> = runs.iter().map(|run| run.requests).collect();
    let (mut outcomes, mut failures, mut exchanges) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs {
        outcomes.push(run.outcome);
        failures.push(run.failure);
        exchanges.push(run.exchanges);
    }
    Some(write(
        sql,
        columns![
            jobs, numbers, started, outcomes, requests, failures, exchanges, now.0
        ],
    ))
}

fn delete_holds(jobs: Vec<i64>) -> Option<Write<'static>> {
    let sql = "DELETE FROM hold WHERE job = ANY($1)";
    (!jobs.is_empty()).then(|| write(sql, columns![jobs]))
}
