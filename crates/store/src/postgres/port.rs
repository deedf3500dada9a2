//! The port, operation by operation.
//!
//! Ensures that what many ask for at once goes through the lines, and everything else over connections
//! of its own.

mod control;
mod desk;
mod inbox;
mod overviews;
mod reconciling;
mod replaying;
mod sessions;
mod views;

use std::sync::Arc;
use std::sync::atomic::Ordering;
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
use super::{
    PostgresStore, credentials, desired, destinations, effects, media, prune, release, rescue,
    resolve, seal, sequencer, slugs, tokens, verify,
};
use crate::prepare::Prepared;

impl Store for PostgresStore {
    fn now(&self) -> Timestamp {
        self.times.now()
    }

    fn installation(&self) -> &str {
        &self.installation
    }

    fn nudged(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.gauges.nudge.next())
    }

    fn pressure(&self) -> Pressure {
        let open_jobs = self.gauges.open_jobs.load(Ordering::Relaxed);
        Pressure {
            open_jobs: u64::try_from(open_jobs).unwrap_or(0),
            // The database's disk is the database's to watch.
            free_bytes: u64::MAX,
            waiting: self.gauges.waiting.load(Ordering::Relaxed),
        }
    }

    fn register(&self, registrations: Vec<Registration>) -> Stored<'_, ()> {
        let (registrations, given) = (Arc::new(registrations), self.times.given());
        self.ask(move |session| {
            let registrations = Arc::clone(&registrations);
            Box::pin(async move { destinations::register(session, given, &registrations).await })
        })
    }

    fn accept(&self, submissions: Vec<Submission>) -> Stored<'_, Vec<Result<Decided, Problem>>> {
        let prepared = submissions
            .into_iter()
            .map(|submission| Prepared::new(submission, &self.salts))
            .collect::<Result<Vec<_>, _>>();
        Box::pin(async move {
            let prepared = prepared.map_err(Fault::from)?;
            self.lines.accept.submit(prepared).await
        })
    }

    fn claim(&self, wants: Vec<Want>) -> Stored<'_, Claimed> {
        Box::pin(self.lines.claim.submit(wants))
    }

    fn claim_looks(&self, wants: Vec<Want>) -> Stored<'_, Claimed> {
        Box::pin(self.lines.looks.submit(wants))
    }

    fn renew(&self, leases: Vec<Lease>) -> Stored<'_, Vec<bool>> {
        Box::pin(self.lines.renew.submit(leases))
    }

    fn record(&self, changes: Vec<EffectChange>) -> Stored<'_, Vec<bool>> {
        Box::pin(self.lines.record.submit(changes))
    }

    fn shared_effect(&self, destination: &str, key: &str) -> Stored<'_, Option<String>> {
        let name = Arc::new((destination.to_owned(), key.to_owned()));
        self.ask(move |session| {
            let name = Arc::clone(&name);
            Box::pin(async move { effects::shared(session, &name.0, &name.1).await })
        })
    }

    fn own_entry(&self, destination: &str, names: Vec<String>) -> Stored<'_, Option<OwnEntry>> {
        let named = Arc::new((destination.to_owned(), names));
        self.ask(move |session| {
            let named = Arc::clone(&named);
            Box::pin(async move { effects::owner(session, &named.0, &named.1).await })
        })
    }

    fn check_soon(&self, destination: &str, entry: &str, after: Duration) -> Stored<'_, ()> {
        let named = Arc::new((destination.to_owned(), entry.to_owned()));
        let given = self.times.given();
        self.ask(move |session| {
            let named = Arc::clone(&named);
            Box::pin(async move {
                desired::check_soon(session, given, (&named.0, &named.1), after).await
            })
        })
    }

    fn hold(&self, holds: Vec<Hold>) -> Stored<'_, Vec<bool>> {
        Box::pin(self.lines.hold.submit(holds))
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Stored<'_, Vec<bool>> {
        Box::pin(self.lines.settle.submit(settlements))
    }

    fn rescue(&self, limit: usize) -> Stored<'_, usize> {
        let limit = rows(limit);
        self.change(move |session, times| Box::pin(rescue::rescue(session, times, limit)))
    }

    fn release(&self, deadlines: Vec<Deadline>, limit: usize) -> Stored<'_, Released> {
        let (limit, deadlines) = (rows(limit), Arc::new(deadlines));
        Box::pin(async move {
            // Slugs first: a publish may wait for one of them.
            let slugs_freed = self
                .change(move |session, times| Box::pin(slugs::free(session, times, limit)))
                .await?;
            let done = self
                .change(move |session, times| {
                    let deadlines = Arc::clone(&deadlines);
                    Box::pin(async move { release::pass(session, times, &deadlines, limit).await })
                })
                .await?;
            Ok(Released {
                slugs_freed,
                ..done
            })
        })
    }

    fn expire(&self, deadlines: Vec<Deadline>, limit: usize) -> Stored<'_, usize> {
        let (limit, deadlines) = (rows(limit), Arc::new(deadlines));
        self.change(move |session, times| {
            let deadlines = Arc::clone(&deadlines);
            Box::pin(async move { rescue::expire(session, times, &deadlines, limit).await })
        })
    }

    fn wanted_media(&self, limit: usize) -> Stored<'_, Vec<WantedMedia>> {
        let now = self.now();
        self.probe(move |session| Box::pin(media::wanted(session, now, limit)))
    }

    fn resolve_media(&self, resolved: Vec<ResolvedMedia>) -> Stored<'_, ()> {
        let resolved = Arc::new(resolved);
        self.change(move |session, times| {
            let resolved = Arc::clone(&resolved);
            Box::pin(async move { resolve::resolve(session, times, &resolved).await })
        })
    }

    fn put_media(&self, medium: NewMedia) -> Stored<'_, ()> {
        let (now, medium) = (self.now(), Arc::new(medium));
        self.ask(move |session| {
            let medium = Arc::clone(&medium);
            Box::pin(async move { media::keep(session, &medium, now).await })
        })
    }

    fn media_info(&self, sha256: &str) -> Stored<'_, Option<MediaInfo>> {
        let sha256: Arc<str> = sha256.into();
        self.ask(move |session| {
            let sha256 = Arc::clone(&sha256);
            Box::pin(async move { media::info(session, &sha256).await })
        })
    }

    fn media(&self, sha256: &str) -> Stored<'_, Option<Bytes>> {
        let sha256: Arc<str> = sha256.into();
        self.ask(move |session| {
            let sha256 = Arc::clone(&sha256);
            Box::pin(async move { media::bytes(session, &sha256).await })
        })
    }

    fn orphan_media(&self, grace: Duration, limit: usize) -> Stored<'_, Vec<OrphanMedia>> {
        let before = self.now().minus(grace);
        self.ask(move |session| Box::pin(prune::orphans(session, before, limit)))
    }

    fn forget_orphan(&self, orphan: OrphanMedia) -> Stored<'_, ()> {
        let orphan = Arc::new(orphan);
        self.ask(move |session| {
            let orphan = Arc::clone(&orphan);
            Box::pin(async move { prune::forget_orphan(session, &orphan).await })
        })
    }

    fn seal(&self, max_age: Duration) -> Stored<'_, usize> {
        let (now, gauges) = (self.now(), Arc::clone(&self.gauges));
        self.probe(move |session| {
            let gauges = Arc::clone(&gauges);
            Box::pin(async move {
                let sealed = seal::seal(session, now, max_age).await?;
                // What other nodes have opened and ended since.
                let open_jobs = sequencer::open_jobs(session).await?;
                gauges.open_jobs.store(open_jobs, Ordering::Relaxed);
                Ok(sealed)
            })
        })
    }

    fn prune(&self, policy: Retention, limit: usize) -> Stored<'_, usize> {
        let now = self.now();
        self.ask(move |session| {
            Box::pin(async move { prune::prune(session, &policy, now, limit).await })
        })
    }

    fn verify_log(&self) -> Stored<'_, LogCheck> {
        self.ask(|session| Box::pin(verify::check(session)))
    }

    fn tokens(&self) -> Stored<'_, Vec<TokenRecord>> {
        self.ask(|session| Box::pin(tokens::list(session)))
    }

    fn add_token(&self, token: TokenRecord) -> Stored<'_, bool> {
        let token = Arc::new(token);
        self.ask(move |session| {
            let token = Arc::clone(&token);
            Box::pin(async move { tokens::add(session, &token).await })
        })
    }

    fn revoke_token(&self, name: &str) -> Stored<'_, bool> {
        let name: Arc<str> = name.into();
        self.ask(move |session| {
            let name = Arc::clone(&name);
            Box::pin(async move { tokens::revoke(session, &name).await })
        })
    }

    fn credential(&self, name: &str) -> Stored<'_, Option<KeptCredential>> {
        let name: Arc<str> = name.into();
        self.ask(move |session| {
            let name = Arc::clone(&name);
            Box::pin(async move { credentials::newest(session, &name).await })
        })
    }

    fn begin_refresh(&self, name: &str, number: i64, lease: Duration) -> Stored<'_, RefreshRight> {
        let (name, given): (Arc<str>, _) = (name.into(), self.times.given());
        self.ask(move |session| {
            let name = Arc::clone(&name);
            Box::pin(async move { credentials::begin(session, given, &name, number, lease).await })
        })
    }

    fn end_refresh(&self, end: RefreshEnd) -> Stored<'_, bool> {
        let (end, given) = (Arc::new(end), self.times.given());
        self.ask(move |session| {
            let end = Arc::clone(&end);
            Box::pin(async move { credentials::end(session, given, &end).await })
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.thread.end() })
    }
}

/// A number of rows as a value of a statement.
fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
