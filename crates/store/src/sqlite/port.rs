//! The port, operation by operation.
//!
//! Ensures that what writes goes to the writer and what reads to the readers. Caretakers' passes look
//! for work on a reader first, so that an idle pass costs the writer nothing; the writer checks each
//! find again.

mod control;
mod desk;
mod inbox;
mod overviews;
mod reconciling;
mod replaying;
mod sessions;
mod views;

use std::time::Duration;

use bytes::Bytes;
use slugline_core::intake::Submission;
use slugline_core::port::BoxFuture;
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;
use slugline_engine::store::{
    Claimed, Deadline, Decided, EffectChange, Hold, KeptCredential, Lease, LogCheck, MediaInfo,
    NewMedia, OrphanMedia, OwnEntry, Pressure, RefreshEnd, RefreshRight, Registration, Released,
    ResolvedMedia, Retention, Settlement, Store, Stored, TokenRecord, Want, WantedMedia,
};

use super::fault::Fault;
use super::orders::Haste;
use super::tx::Tx;
use super::{
    SqliteStore, accept, claim, credentials, dependencies, desired, destinations, effects, files,
    looks, media, prune, release, rescue, seal, settle, slugs, tokens, verify,
};
use crate::prepare::Prepared;

/// Segments that one call seals: a backlog of a million entries takes ten calls.
const SEGMENTS: usize = 100;

impl Store for SqliteStore {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn installation(&self) -> &str {
        &self.installation
    }

    fn nudged(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.gauges.nudge.next())
    }

    fn pressure(&self) -> Pressure {
        self.pressure_now()
    }

    fn register(&self, registrations: Vec<Registration>) -> Stored<'_, ()> {
        Box::pin(
            self.writer
                .submit(move |tx| destinations::register(tx, &registrations)),
        )
    }

    fn accept(&self, submissions: Vec<Submission>) -> Stored<'_, Vec<Result<Decided, Problem>>> {
        let prepared = submissions
            .into_iter()
            .map(|submission| Prepared::new(submission, &self.salts))
            .collect::<Result<Vec<_>, _>>();
        Box::pin(async move {
            let prepared = prepared.map_err(Fault::from)?;
            let haste = Haste::of(prepared.iter().map(|one| one.submission.request.class));
            self.writer
                .submit_with(haste, move |tx| accept::accept(tx, &prepared))
                .await
        })
    }

    fn claim(&self, wants: Vec<Want>) -> Stored<'_, Claimed> {
        // It may take urgent jobs, and a node claims one batch after the other.
        let work = move |tx: &Tx<'_>| claim::claim(tx, &wants);
        Box::pin(self.writer.submit_with(Haste::First, work))
    }

    fn claim_looks(&self, wants: Vec<Want>) -> Stored<'_, Claimed> {
        Box::pin(self.writer.submit(move |tx| looks::claim(tx, &wants)))
    }

    fn renew(&self, leases: Vec<Lease>) -> Stored<'_, Vec<bool>> {
        // A run that loses its lease because it waited here is run again.
        let work = move |tx: &Tx<'_>| settle::renew(tx, &leases);
        Box::pin(self.writer.submit_with(Haste::First, work))
    }

    fn record(&self, changes: Vec<EffectChange>) -> Stored<'_, Vec<bool>> {
        Box::pin(self.writer.submit(move |tx| effects::record(tx, &changes)))
    }

    fn shared_effect(&self, destination: &str, key: &str) -> Stored<'_, Option<String>> {
        let (destination, key) = (destination.to_owned(), key.to_owned());
        Box::pin(
            self.readers
                .ask(move |connection| effects::shared(connection, &destination, &key)),
        )
    }

    fn own_entry(&self, destination: &str, names: Vec<String>) -> Stored<'_, Option<OwnEntry>> {
        let destination = destination.to_owned();
        Box::pin(
            self.readers
                .ask(move |connection| effects::owner(connection, &destination, &names)),
        )
    }

    fn check_soon(&self, destination: &str, entry: &str, after: Duration) -> Stored<'_, ()> {
        let (destination, entry) = (destination.to_owned(), entry.to_owned());
        let work = move |tx: &Tx<'_>| desired::check_soon(tx, &destination, &entry, after);
        Box::pin(self.writer.submit(work))
    }

    fn hold(&self, holds: Vec<Hold>) -> Stored<'_, Vec<bool>> {
        Box::pin(self.writer.submit(move |tx| effects::hold(tx, &holds)))
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Stored<'_, Vec<bool>> {
        let haste = Haste::of(settlements.iter().map(|one| one.class));
        let work = move |tx: &Tx<'_>| settle::settle(tx, &settlements);
        Box::pin(self.writer.submit_with(haste, work))
    }

    fn rescue(&self, limit: usize) -> Stored<'_, usize> {
        Box::pin(async move {
            let now = self.now();
            let lost = self
                .readers
                .ask(move |connection| rescue::lost(connection, now, limit))
                .await?;
            if lost.is_empty() {
                return Ok(0);
            }
            self.writer
                .submit(move |tx| rescue::rescue(tx, &lost))
                .await
        })
    }

    fn release(&self, deadlines: Vec<Deadline>, limit: usize) -> Stored<'_, Released> {
        Box::pin(async move {
            // Slugs first: a publish may wait for one of them.
            let ended = self
                .readers
                .ask(move |connection| slugs::ended(connection, limit))
                .await?;
            let slugs_freed = if ended.is_empty() {
                0
            } else {
                self.writer
                    .submit(move |tx| slugs::free(tx, &ended))
                    .await?
            };
            if self.readers.ask(dependencies::has_arrivals).await? {
                self.writer
                    .submit(move |tx| dependencies::wake(tx, limit))
                    .await?;
            }
            let now = self.now();
            let due = self
                .read(move |reading| release::due(reading, now, limit))
                .await?;
            let done = if due.is_empty() {
                Released::default()
            } else {
                self.writer
                    .submit(move |tx| release::release(tx, &due, &deadlines))
                    .await?
            };
            Ok(Released {
                slugs_freed,
                ..done
            })
        })
    }

    fn expire(&self, deadlines: Vec<Deadline>, limit: usize) -> Stored<'_, usize> {
        Box::pin(async move {
            let (now, wanted) = (self.now(), deadlines.clone());
            let overdue = self
                .readers
                .ask(move |connection| rescue::overdue(connection, &wanted, now, limit))
                .await?;
            if overdue.is_empty() {
                return Ok(0);
            }
            self.writer
                .submit(move |tx| rescue::expire(tx, &overdue, &deadlines))
                .await
        })
    }

    fn wanted_media(&self, limit: usize) -> Stored<'_, Vec<WantedMedia>> {
        let now = self.now();
        Box::pin(
            self.readers
                .ask(move |connection| media::wanted(connection, now, limit)),
        )
    }

    fn resolve_media(&self, resolved: Vec<ResolvedMedia>) -> Stored<'_, ()> {
        Box::pin(self.writer.submit(move |tx| media::resolve(tx, &resolved)))
    }

    fn put_media(&self, medium: NewMedia) -> Stored<'_, ()> {
        Box::pin(async move {
            let NewMedia {
                sha256,
                content_type,
                bytes,
            } = medium;
            let info = MediaInfo {
                sha256: sha256.clone(),
                size: bytes.len() as u64,
                content_type,
            };
            let root = self.directory.root().to_owned();
            let _alone = self.media.lock().await;
            self.readers
                .run(move |_| files::write(&root, &sha256, &bytes))
                .await?;
            self.writer.submit(move |tx| media::keep(tx, &info)).await
        })
    }

    fn media_info(&self, sha256: &str) -> Stored<'_, Option<MediaInfo>> {
        let sha256 = sha256.to_owned();
        Box::pin(
            self.readers
                .ask(move |connection| media::info(connection, &sha256)),
        )
    }

    fn media(&self, sha256: &str) -> Stored<'_, Option<Bytes>> {
        let (sha256, root) = (sha256.to_owned(), self.directory.root().to_owned());
        Box::pin(self.readers.run(move |connection| {
            let kept = media::info(connection, &sha256)?;
            kept.map(|_| files::read(&root, &sha256)).transpose()
        }))
    }

    fn orphan_media(&self, grace: Duration, limit: usize) -> Stored<'_, Vec<OrphanMedia>> {
        let before = self.now().minus(grace);
        Box::pin(
            self.readers
                .ask(move |connection| prune::orphans(connection, before, limit)),
        )
    }

    fn forget_orphan(&self, orphan: OrphanMedia) -> Stored<'_, ()> {
        Box::pin(
            self.writer
                .submit(move |tx| prune::forget_orphan(tx, &orphan)),
        )
    }

    fn seal(&self, max_age: Duration) -> Stored<'_, usize> {
        Box::pin(async move {
            for sealed in 0..SEGMENTS {
                let now = self.now();
                let Some(segment) = self
                    .readers
                    .ask(move |connection| seal::next(connection, now, max_age))
                    .await?
                else {
                    return Ok(sealed);
                };
                if !self
                    .writer
                    .submit(move |tx| seal::keep(tx, &segment))
                    .await?
                {
                    return Ok(sealed);
                }
            }
            Ok(SEGMENTS)
        })
    }

    fn prune(&self, policy: Retention, limit: usize) -> Stored<'_, usize> {
        Box::pin(async move {
            let now = self.now();
            let (bodies_before, media_before) =
                (now.minus(policy.revisions), now.minus(policy.media));
            let bodies = self
                .readers
                .ask(move |connection| prune::unneeded_bodies(connection, bodies_before, limit))
                .await?;
            let pruned = self
                .writer
                .submit(move |tx| prune::prune(tx, &policy, &bodies, limit))
                .await?;
            let unused = self
                .readers
                .ask(move |connection| prune::unused_media(connection, media_before, limit))
                .await?;
            if unused.is_empty() {
                return Ok(pruned);
            }
            let _alone = self.media.lock().await;
            let forgotten = self
                .writer
                .submit(move |tx| prune::forget_media(tx, &unused, media_before))
                .await?;
            let (root, removed) = (self.directory.root().to_owned(), forgotten.len());
            let remove = move |sha256: &String| files::remove(&root, sha256);
            self.readers
                .run(move |_| forgotten.iter().try_for_each(remove))
                .await?;
            Ok(pruned + removed)
        })
    }

    fn verify_log(&self) -> Stored<'_, LogCheck> {
        Box::pin(self.readers.run(verify::check))
    }

    fn tokens(&self) -> Stored<'_, Vec<TokenRecord>> {
        Box::pin(self.readers.ask(tokens::list))
    }

    fn add_token(&self, token: TokenRecord) -> Stored<'_, bool> {
        Box::pin(self.writer.submit(move |tx| tokens::add(tx, &token)))
    }

    fn revoke_token(&self, name: &str) -> Stored<'_, bool> {
        let name = name.to_owned();
        Box::pin(self.writer.submit(move |tx| tokens::revoke(tx, &name)))
    }

    fn credential(&self, name: &str) -> Stored<'_, Option<KeptCredential>> {
        let name = name.to_owned();
        Box::pin(
            self.readers
                .ask(move |connection| credentials::newest(connection, &name)),
        )
    }

    fn begin_refresh(&self, name: &str, number: i64, lease: Duration) -> Stored<'_, RefreshRight> {
        let name = name.to_owned();
        Box::pin(
            self.writer
                .submit(move |tx| credentials::begin(tx, &name, number, lease)),
        )
    }

    fn end_refresh(&self, end: RefreshEnd) -> Stored<'_, bool> {
        Box::pin(self.writer.submit(move |tx| credentials::end(tx, &end)))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.end() })
    }
}
