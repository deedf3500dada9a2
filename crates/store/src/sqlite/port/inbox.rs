//! Webhooks and polls.

use std::time::Duration;

use slugline_core::ids::WebhookId;
use slugline_engine::store::{
    Inbox, Kept, ListedEntry, NewWebhook, Poll, Store, Stored, Sweep, Swept, Webhook, WebhookEnd,
};

use super::super::rows::{Reading, Writing, at_once};
use super::super::{SqliteStore, polls, webhooks};
use crate::sweeping;

impl Inbox for SqliteStore {
    fn keep_webhooks(&self, new: Vec<NewWebhook>) -> Stored<'_, Vec<Kept>> {
        Box::pin(self.writer.submit(move |tx| webhooks::keep(tx, &new)))
    }

    fn take_webhooks(&self, limit: usize, again_after: Duration) -> Stored<'_, Vec<Webhook>> {
        Box::pin(async move {
            let now = self.now();
            let due = self
                .readers
                .ask(move |connection| webhooks::due(connection, now, limit))
                .await?;
            if due.is_empty() {
                return Ok(Vec::new());
            }
            self.writer
                .submit(move |tx| webhooks::take(tx, &due, again_after))
                .await
        })
    }

    fn end_webhooks(&self, ends: Vec<WebhookEnd>) -> Stored<'_, ()> {
        Box::pin(self.writer.submit(move |tx| webhooks::end(tx, &ends)))
    }

    fn begin_poll(&self, source: &str, again_after: Duration) -> Stored<'_, Option<Poll>> {
        let source = source.to_owned();
        Box::pin(
            self.writer
                .submit(move |tx| polls::begin(tx, &source, again_after)),
        )
    }

    fn end_poll(&self, source: &str, cursor: String, next: Duration) -> Stored<'_, ()> {
        let source = source.to_owned();
        Box::pin(
            self.writer
                .submit(move |tx| polls::end(tx, &source, &cursor, next)),
        )
    }

    fn note_listed(&self, sweep: &Sweep, entries: Vec<ListedEntry>) -> Stored<'_, ()> {
        let sweep = sweep.clone();
        Box::pin(
            self.writer
                .submit(move |tx| at_once(sweeping::note(&Writing(tx), &sweep, &entries))),
        )
    }

    fn swept(&self, sweep: &Sweep, after: i64, limit: usize) -> Stored<'_, Swept> {
        let sweep = sweep.clone();
        Box::pin(
            self.readers
                .ask(move |read| at_once(sweeping::walk(&Reading(read), &sweep, after, limit))),
        )
    }

    fn redo_webhook(&self, owner: &str, id: WebhookId) -> Stored<'_, bool> {
        let owner = owner.to_owned();
        Box::pin(self.writer.submit(move |tx| webhooks::redo(tx, &owner, id)))
    }
}
