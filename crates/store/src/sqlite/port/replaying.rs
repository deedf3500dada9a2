//! Running again what was asked for before.

use std::time::Duration;

use slugline_core::ids::ReplayId;
use slugline_core::replay::Relevance;
use slugline_engine::store::{
    NewReplay, Page, Paged, ReplayBegun, ReplayProgress, ReplayTargetView, ReplayTask, ReplayView,
    Replaying, Store, Stored,
};

use super::super::SqliteStore;
use super::super::rows::{Reading, Writing, at_once};
use crate::replaying::{find, runs, targets};

impl Replaying for SqliteStore {
    /// What it is about is sought by a reader, so that nobody who writes waits for that.
    fn begin_replay(&self, new: NewReplay) -> Stored<'_, ReplayBegun> {
        Box::pin(async move {
            let now = self.now();
            let new = find::frozen(&new, now);
            let wanted = new.clone();
            let found = self
                .readers
                .ask(move |read| at_once(find::find(&Reading(read), now, &wanted)))
                .await?;
            self.writer
                .submit(move |tx| at_once(runs::begin(&Writing(tx), tx.now, &new, found.as_ref())))
                .await
        })
    }

    fn take_replay(&self, lease: Duration, limit: usize) -> Stored<'_, Option<ReplayTask>> {
        Box::pin(async move {
            let now = self.now();
            let due = self
                .readers
                .ask(move |read| at_once(runs::due(&Reading(read), now)))
                .await?;
            if due.is_empty() {
                return Ok(None);
            }
            self.writer
                .submit(move |tx| at_once(runs::take(&Writing(tx), tx.now, &due, lease, limit)))
                .await
        })
    }

    fn keep_replay(&self, progress: ReplayProgress) -> Stored<'_, bool> {
        Box::pin(
            self.writer
                .submit(move |tx| at_once(runs::keep(&Writing(tx), tx.now, &progress))),
        )
    }

    fn abort_replay(
        &self,
        owner: &str,
        id: ReplayId,
        actor: &str,
    ) -> Stored<'_, Option<ReplayView>> {
        let (owner, actor) = (owner.to_owned(), actor.to_owned());
        Box::pin(
            self.writer
                .submit(move |tx| at_once(runs::abort(&Writing(tx), tx.now, (&owner, id), &actor))),
        )
    }

    fn replay(&self, owner: &str, id: ReplayId) -> Stored<'_, Option<ReplayView>> {
        let owner = owner.to_owned();
        Box::pin(
            self.readers
                .ask(move |read| at_once(runs::whole(&Reading(read), &owner, id))),
        )
    }

    fn replays(&self, owner: &str, page: Page) -> Stored<'_, Paged<ReplayView>> {
        let owner = owner.to_owned();
        Box::pin(
            self.readers
                .ask(move |read| at_once(runs::page(&Reading(read), &owner, &page))),
        )
    }

    fn replay_targets(
        &self,
        owner: &str,
        id: ReplayId,
        relevance: Option<Relevance>,
        page: Page,
    ) -> Stored<'_, Paged<ReplayTargetView>> {
        let owner = owner.to_owned();
        Box::pin(self.readers.ask(move |read| {
            at_once(targets::page(
                &Reading(read),
                (&owner, id),
                relevance,
                &page,
            ))
        }))
    }
}
