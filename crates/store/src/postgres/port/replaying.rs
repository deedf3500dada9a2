//! Running again what was asked for before.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::ids::ReplayId;
use slugline_core::replay::Relevance;
use slugline_engine::store::{
    NewReplay, Page, Paged, ReplayBegun, ReplayProgress, ReplayTargetView, ReplayTask, ReplayView,
    Replaying, Store, Stored,
};

use super::super::PostgresStore;
use super::super::rows::{Reading, Writing};
use crate::replaying::{find, runs, targets};

impl Replaying for PostgresStore {
    fn begin_replay(&self, new: NewReplay) -> Stored<'_, ReplayBegun> {
        let now = self.now();
        let new = Arc::new(find::frozen(&new, now));
        self.ask(move |session| {
            let new = Arc::clone(&new);
            Box::pin(async move {
                let writing = Writing::begin(session).await?;
                let found = find::find(&writing, now, &new).await?;
                let begun = runs::begin(&writing, now, &new, found.as_ref()).await?;
                writing.commit().await.map(|()| begun)
            })
        })
    }

    fn take_replay(&self, lease: Duration, limit: usize) -> Stored<'_, Option<ReplayTask>> {
        let now = self.now();
        self.probe(move |session| {
            Box::pin(async move {
                let reading = Reading(session);
                let due = runs::due(&reading, now).await?;
                runs::take(&reading, now, &due, lease, limit).await
            })
        })
    }

    fn keep_replay(&self, progress: ReplayProgress) -> Stored<'_, bool> {
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

    fn abort_replay(
        &self,
        owner: &str,
        id: ReplayId,
        actor: &str,
    ) -> Stored<'_, Option<ReplayView>> {
        let (asked, now) = (Arc::new((owner.to_owned(), actor.to_owned())), self.now());
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                let writing = Writing::begin(session).await?;
                let view = runs::abort(&writing, now, (&asked.0, id), &asked.1).await?;
                writing.commit().await.map(|()| view)
            })
        })
    }

    fn replay(&self, owner: &str, id: ReplayId) -> Stored<'_, Option<ReplayView>> {
        let owner: Arc<str> = owner.into();
        self.ask(move |session| {
            let owner = Arc::clone(&owner);
            Box::pin(async move { runs::whole(&Reading(session), &owner, id).await })
        })
    }

    fn replays(&self, owner: &str, page: Page) -> Stored<'_, Paged<ReplayView>> {
        let asked = Arc::new((owner.to_owned(), page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { runs::page(&Reading(session), &asked.0, &asked.1).await })
        })
    }

    fn replay_targets(
        &self,
        owner: &str,
        id: ReplayId,
        relevance: Option<Relevance>,
        page: Page,
    ) -> Stored<'_, Paged<ReplayTargetView>> {
        let asked = Arc::new((owner.to_owned(), page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                let of = (&*asked.0, id);
                targets::page(&Reading(session), of, relevance, &asked.1).await
            })
        })
    }
}
