//! How a transaction writes down each single change.
//!
//! Ensures that what follows from a change (`crate::change`) is carried out statement by statement in
//! the writer's transaction.

use rusqlite::params;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;
use slugline_engine::store::Found;

use super::column::{Col, Json, bit};
use super::fault::{Done, Fault};
use super::statements::Statements;
use super::tx::Tx;
use super::{dependencies, desired, jobs, notes};
use crate::change::desired::{Desired, Placing};
use crate::change::operator::Note;
use crate::change::settle::Run;
use crate::change::{Change, Ledger};
use crate::entry::{Dated, Entry};
use crate::job::JobRow;

impl Dated for &Tx<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }
}

impl Ledger for &Tx<'_> {
    type Fault = Fault;

    fn change(&mut self, job: &JobRow, change: Change<'_>) -> Done<()> {
        let (id, now) = (job.id.0, self.now.0);
        match change {
            Change::Queue(queued, failure) => {
                let sql = "UPDATE job SET state = 1, due = ?2, attempts = ?3, failure = coalesce(?4, failure),
                           lease_until = NULL, released_at = coalesce(released_at, ?5) WHERE id = ?1";
                let failure = failure.map(Json);
                self.run(sql, params![id, queued.due.0, queued.attempts, failure, now])
            }
            Change::Fail(failure) => {
                let sql = "UPDATE job SET state = 4, lease_until = NULL, failure = ?2 WHERE id = ?1";
                self.run(sql, params![id, Json(failure)])
            }
            Change::Supersede(by) => {
                let sql = "UPDATE job SET state = ?2, lease_until = NULL, replaced_by = coalesce(?3, replaced_by) WHERE id = ?1";
                let state = Col(JobState::Superseded);
                self.run(sql, params![id, state, by.map(|job| job.0)])
            }
            Change::Live(evidence, shown) => {
                let sql = "UPDATE job SET state = 3, lease_until = NULL, live_at = coalesce(live_at, ?2), evidence = ?3,
                           shown = ?4, failure = NULL WHERE id = ?1";
                self.run(sql, params![id, now, Col(evidence), Json(shown)])
            }
            Change::LetGo => self.run("UPDATE job SET lease_until = NULL WHERE id = ?1", [id]),
            Change::Replace(by) => {
                let sql = "UPDATE job SET replaced_by = ?2 WHERE id = ?1";
                self.run(sql, [id, by.0])
            }
            Change::Requeue(queued) => {
                let sql = "UPDATE job SET state = 1, due = ?2, attempts = ?3, released_at = ?4 WHERE id = ?1";
                self.run(sql, params![id, queued.due.0, queued.attempts, now])
            }
            Change::Set(state) => {
                let sql = "UPDATE job SET state = ?2 WHERE id = ?1";
                self.run(sql, params![id, Col(state)])
            }
        }
        .map(drop)
    }

    fn log(&mut self, entry: Entry<'_>) -> Done<()> {
        entry.write(self)
    }

    fn count_open(&mut self, jobs: i64) {
        Tx::count_open(self, jobs);
    }

    fn nudge(&mut self) {
        Tx::nudge(self);
    }

    fn keep_run(&mut self, job: &JobRow, run: &Run<'_>) -> Done<()> {
        let sql =
            "INSERT INTO attempt (job, number, started_at, ended_at, outcome, requests, failure, exchanges)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let (started, ended) = (run.started_at.0, self.now.0);
        let failure = run.failure.map(Json);
        let exchanges = (!run.exchanges.is_empty()).then_some(Json(run.exchanges));
        let (job, number) = (job.id.0, job.fence.0);
        self.run(
            sql,
            params![
                job,
                number,
                started,
                ended,
                run.outcome,
                run.requests,
                failure,
                exchanges
            ],
        )
        .map(drop)
    }

    fn end_holds(&mut self, job: JobId) -> Done<()> {
        self.run("DELETE FROM hold WHERE job = ?1", [job.0])
            .map(drop)
    }

    fn desired(&mut self, item: i64, destination: i64) -> Done<Option<Desired>> {
        desired::load(self, item, destination)
    }

    fn desire(&mut self, placing: &Placing) -> Done<()> {
        desired::put(self, placing)
    }

    fn show(&mut self, job: &JobRow) -> Done<()> {
        desired::show(self, job)
    }

    fn disturb(&mut self, job: &JobRow) -> Done<()> {
        desired::disturb(self, job)
    }

    fn owe_look(&mut self, job: &JobRow, due: Timestamp) -> Done<()> {
        desired::look_later(self, job, due, true)
    }

    fn look_later(&mut self, job: &JobRow, due: Timestamp) -> Done<()> {
        desired::look_later(self, job, due, false)
    }

    fn pay_look(&mut self, job: &JobRow) -> Done<()> {
        desired::pay_look(self, job)
    }

    fn drift(&mut self, job: &JobRow, found: Option<&Found>) -> Done<()> {
        desired::drift(self, job, found)
    }

    fn job(&mut self, id: JobId) -> Done<Option<JobRow>> {
        jobs::load(self, id)
    }

    fn pending(&mut self, publish: PublishId) -> Done<Vec<JobRow>> {
        jobs::pending(self, publish)
    }

    fn pending_below(
        &mut self,
        item: i64,
        destination: i64,
        generation: Generation,
    ) -> Done<Vec<JobRow>> {
        jobs::pending_below(self, item, destination, generation)
    }

    fn stop_waiting(&mut self, publish: PublishId) -> Done<()> {
        desired::stop_waiting(self, publish)
    }

    fn give_up_waiting(&mut self, publish: PublishId) -> Done<()> {
        let sql = "UPDATE publish SET held = waits, waits = 0, fetch_at = NULL WHERE id = ?1 AND waits <> 0";
        self.run(sql, [publish.0]).map(drop)
    }

    fn wait_again(&mut self, publish: PublishId) -> Done<()> {
        let sql = "UPDATE publish SET waits = held, held = 0, ready_at = ?2, waits_since = ?2, fetches = 0,
                   fetch_at = CASE WHEN held & ?3 <> 0 THEN ?2 END WHERE id = ?1 AND held <> 0";
        let media = bit(PendingReason::Media);
        self.run(sql, [publish.0, self.now.0, media]).map(drop)
    }

    fn note(&mut self, job: &JobRow, note: &Note<'_>) -> Done<()> {
        notes::write(self, (job.item, Some(job.id)), note)
    }

    fn end_waiting(&mut self, publish: PublishId, released: bool) -> Done<()> {
        let sql = "UPDATE publish SET waits = 0, released_at = ?2 WHERE id = ?1";
        let released_at = released.then_some(self.now.0);
        self.run(sql, params![publish.0, released_at])?;
        dependencies::forget(self, publish)
    }

    fn look_again(&mut self, publish: PublishId, at: Timestamp) -> Done<()> {
        let sql = "UPDATE publish SET ready_at = ?2 WHERE id = ?1";
        self.run(sql, [publish.0, at.0]).map(drop)
    }

    fn arrive(&mut self, key: &ItemKey) -> Done<()> {
        dependencies::arrive(self, key)
    }
}
