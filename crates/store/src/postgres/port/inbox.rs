//! Webhooks and polls.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::ids::WebhookId;
use slugline_engine::store::{
    Inbox, Kept, ListedEntry, NewWebhook, Poll, Stored, Sweep, Swept, Webhook, WebhookEnd,
};

use super::super::rows::{Reading, Writing};
use super::super::{PostgresStore, polls, webhooks};
use super::rows;
use crate::sweeping;

impl Inbox for PostgresStore {
    fn keep_webhooks(&self, new: Vec<NewWebhook>) -> Stored<'_, Vec<Kept>> {
        Box::pin(self.lines.keep.submit(new))
    }

    fn take_webhooks(&self, limit: usize, again_after: Duration) -> Stored<'_, Vec<Webhook>> {
        let (limit, given) = (rows(limit), self.times.given());
        self.probe(move |session| Box::pin(webhooks::take(session, given, limit, again_after)))
    }

    fn end_webhooks(&self, ends: Vec<WebhookEnd>) -> Stored<'_, ()> {
        let given = self.times.given();
        let (plain, noted): (Vec<_>, Vec<_>) =
            ends.into_iter().partition(|end| end.noted.is_empty());
        Box::pin(async move {
            if !plain.is_empty() {
                self.lines.end.submit(plain).await?;
            }
            for end in noted.into_iter().map(Arc::new) {
                self.ask(move |session| {
                    let end = Arc::clone(&end);
                    Box::pin(async move { webhooks::note(session, given, &end).await })
                })
                .await?;
            }
            Ok(())
        })
    }

    fn begin_poll(&self, source: &str, again_after: Duration) -> Stored<'_, Option<Poll>> {
        let (source, given): (Arc<str>, _) = (source.into(), self.times.given());
        self.probe(move |session| {
            let source = Arc::clone(&source);
            Box::pin(async move { polls::begin(session, given, &source, again_after).await })
        })
    }

    fn end_poll(&self, source: &str, cursor: String, next: Duration) -> Stored<'_, ()> {
        let (asked, given) = (Arc::new((source.to_owned(), cursor)), self.times.given());
        self.probe(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { polls::end(session, given, (&asked.0, &asked.1), next).await })
        })
    }

    fn note_listed(&self, sweep: &Sweep, entries: Vec<ListedEntry>) -> Stored<'_, ()> {
        let listed = Arc::new((sweep.clone(), entries));
        self.ask(move |session| {
            let listed = Arc::clone(&listed);
            Box::pin(async move {
                let writing = Writing::begin(session).await?;
                sweeping::note(&writing, &listed.0, &listed.1).await?;
                writing.commit().await
            })
        })
    }

    fn swept(&self, sweep: &Sweep, after: i64, limit: usize) -> Stored<'_, Swept> {
        let sweep = Arc::new(sweep.clone());
        self.ask(move |session| {
            let sweep = Arc::clone(&sweep);
            Box::pin(async move { sweeping::walk(&Reading(session), &sweep, after, limit).await })
        })
    }

    fn redo_webhook(&self, owner: &str, id: WebhookId) -> Stored<'_, bool> {
        let (owner, given): (Arc<str>, _) = (owner.into(), self.times.given());
        self.ask(move |session| {
            let owner = Arc::clone(&owner);
            Box::pin(async move { webhooks::redo(session, given, &owner, id).await })
        })
    }
}
