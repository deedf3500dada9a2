//! Bringing destinations back to what is desired.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::ids::ReconciliationId;
use slugline_engine::store::{
    Begun, Compared, Comparison, DriftFilter, DriftedView, NewReconciliation, Page, Paged,
    Progress, ReconciliationTask, ReconciliationView, Reconciling, Rerun, RerunOutcome, Store,
    Stored, Tally,
};

use super::super::rows::{Reading, Writing};
use super::super::{PostgresStore, rerun};
use crate::reconciling::{compare, drifted, runs, tally};

impl Reconciling for PostgresStore {
    fn rerun(&self, reruns: Vec<Rerun>) -> Stored<'_, Vec<RerunOutcome>> {
        let reruns = Arc::new(reruns);
        self.change(move |session, times| {
            let reruns = Arc::clone(&reruns);
            Box::pin(async move { rerun::rerun(session, times, &reruns).await })
        })
    }

    fn begin_reconciliation(&self, new: NewReconciliation) -> Stored<'_, Begun> {
        let (new, now) = (Arc::new(new), self.now());
        self.ask(move |session| {
            let new = Arc::clone(&new);
            Box::pin(async move {
                let writing = Writing::begin(session).await?;
                let begun = runs::begin(&writing, now, &new).await?;
                writing.commit().await.map(|()| begun)
            })
        })
    }

    fn take_reconciliation(
        &self,
        destinations: Vec<String>,
        lease: Duration,
    ) -> Stored<'_, Option<ReconciliationTask>> {
        let (destinations, now) = (Arc::new(destinations), self.now());
        self.probe(move |session| {
            let destinations = Arc::clone(&destinations);
            Box::pin(async move {
                let reading = Reading(session);
                let due = runs::due(&reading, now, &destinations).await?;
                runs::take(&reading, now, &due, lease).await
            })
        })
    }

    fn compare(&self, task: &ReconciliationTask, what: Comparison) -> Stored<'_, Option<Compared>> {
        let (asked, now) = (Arc::new((task.clone(), what)), self.now());
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                let writing = Writing::begin(session).await?;
                let compared = compare::compare(&writing, now, &asked.0, &asked.1).await?;
                writing.commit().await.map(|()| compared)
            })
        })
    }

    fn tally(&self, id: ReconciliationId) -> Stored<'_, Tally> {
        self.ask(move |session| {
            Box::pin(async move { tally::tally(&Reading(session), id.0).await })
        })
    }

    fn keep_reconciliation(&self, progress: Progress) -> Stored<'_, bool> {
        let (progress, now) = (Arc::new(progress), self.now());
        self.ask(move |session| {
            let progress = Arc::clone(&progress);
            Box::pin(async move {
                let writing = Writing::begin(session).await?;
                let kept = runs::keep(&writing, now, &progress).await?;
                writing.commit().await.map(|()| kept)
            })
        })
    }

    fn abort_reconciliation(
        &self,
        id: ReconciliationId,
        actor: &str,
    ) -> Stored<'_, Option<ReconciliationView>> {
        let (actor, now): (Arc<str>, _) = (actor.into(), self.now());
        self.ask(move |session| {
            let actor = Arc::clone(&actor);
            Box::pin(async move {
                let writing = Writing::begin(session).await?;
                let view = runs::abort(&writing, now, id.0, &actor).await?;
                writing.commit().await.map(|()| view)
            })
        })
    }

    fn reconciliation(&self, id: ReconciliationId) -> Stored<'_, Option<ReconciliationView>> {
        self.ask(move |session| Box::pin(async move { runs::one(&Reading(session), id.0).await }))
    }

    fn reconciliations(
        &self,
        destination: Option<String>,
        page: Page,
    ) -> Stored<'_, Paged<ReconciliationView>> {
        let asked = Arc::new((destination, page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { runs::page(&Reading(session), asked.0.clone(), &asked.1).await })
        })
    }

    fn drifted(&self, filter: DriftFilter, page: Page) -> Stored<'_, Paged<DriftedView>> {
        let asked = Arc::new((filter, page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { drifted::page(&Reading(session), &asked.0, &asked.1).await })
        })
    }

    fn adopt(&self, seen: Vec<DriftedView>, actor: &str) -> Stored<'_, Vec<bool>> {
        let (asked, now) = (Arc::new((seen, actor.to_owned())), self.now());
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                let writing = Writing::begin(session).await?;
                let adopted = drifted::adopt(&writing, now, &asked.0, &asked.1).await?;
                writing.commit().await.map(|()| adopted)
            })
        })
    }
}
