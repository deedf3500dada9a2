//! Bringing destinations back to what is desired.

use std::time::Duration;

use slugline_core::ids::ReconciliationId;
use slugline_engine::store::{
    Begun, Compared, Comparison, DriftFilter, DriftedView, NewReconciliation, Page, Paged,
    Progress, ReconciliationTask, ReconciliationView, Reconciling, Rerun, RerunOutcome, Store,
    Stored, Tally,
};

use super::super::rows::{Reading, Writing, at_once};
use super::super::{SqliteStore, rerun};
use crate::reconciling::{compare, drifted, runs, tally};

impl Reconciling for SqliteStore {
    fn rerun(&self, reruns: Vec<Rerun>) -> Stored<'_, Vec<RerunOutcome>> {
        Box::pin(self.writer.submit(move |tx| rerun::rerun(tx, &reruns)))
    }

    fn begin_reconciliation(&self, new: NewReconciliation) -> Stored<'_, Begun> {
        Box::pin(
            self.writer
                .submit(move |tx| at_once(runs::begin(&Writing(tx), tx.now, &new))),
        )
    }

    fn take_reconciliation(
        &self,
        destinations: Vec<String>,
        lease: Duration,
    ) -> Stored<'_, Option<ReconciliationTask>> {
        Box::pin(async move {
            let now = self.now();
            let due = self
                .readers
                .ask(move |read| at_once(runs::due(&Reading(read), now, &destinations)))
                .await?;
            if due.is_empty() {
                return Ok(None);
            }
            self.writer
                .submit(move |tx| at_once(runs::take(&Writing(tx), tx.now, &due, lease)))
                .await
        })
    }

    fn compare(&self, task: &ReconciliationTask, what: Comparison) -> Stored<'_, Option<Compared>> {
        let task = task.clone();
        Box::pin(
            self.writer
                .submit(move |tx| at_once(compare::compare(&Writing(tx), tx.now, &task, &what))),
        )
    }

    fn tally(&self, id: ReconciliationId) -> Stored<'_, Tally> {
        Box::pin(
            self.readers
                .ask(move |read| at_once(tally::tally(&Reading(read), id.0))),
        )
    }

    fn keep_reconciliation(&self, progress: Progress) -> Stored<'_, bool> {
        Box::pin(
            self.writer
                .submit(move |tx| at_once(runs::keep(&Writing(tx), tx.now, &progress))),
        )
    }

    fn abort_reconciliation(
        &self,
        id: ReconciliationId,
        actor: &str,
    ) -> Stored<'_, Option<ReconciliationView>> {
        let actor = actor.to_owned();
        Box::pin(
            self.writer
                .submit(move |tx| at_once(runs::abort(&Writing(tx), tx.now, id.0, &actor))),
        )
    }

    fn reconciliation(&self, id: ReconciliationId) -> Stored<'_, Option<ReconciliationView>> {
        Box::pin(
            self.readers
                .ask(move |read| at_once(runs::one(&Reading(read), id.0))),
        )
    }

    fn reconciliations(
        &self,
        destination: Option<String>,
        page: Page,
    ) -> Stored<'_, Paged<ReconciliationView>> {
        Box::pin(
            self.readers
                .ask(move |read| at_once(runs::page(&Reading(read), destination, &page))),
        )
    }

    fn drifted(&self, filter: DriftFilter, page: Page) -> Stored<'_, Paged<DriftedView>> {
        Box::pin(
            self.readers
                .ask(move |read| at_once(drifted::page(&Reading(read), &filter, &page))),
        )
    }

    fn adopt(&self, seen: Vec<DriftedView>, actor: &str) -> Stored<'_, Vec<bool>> {
        let actor = actor.to_owned();
        Box::pin(
            self.writer
                .submit(move |tx| at_once(drifted::adopt(&Writing(tx), tx.now, &seen, &actor))),
        )
    }
}
