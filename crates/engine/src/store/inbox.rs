//! Webhooks as they are kept, and how far sources were asked.
//!
//! Ensures that what came is durable before anybody decides on it. The shapes are in `webhook`.

use std::time::Duration;

use slugline_core::ids::WebhookId;

use super::{Kept, ListedEntry, NewWebhook, Poll, Stored, Sweep, Swept, Webhook, WebhookEnd};

/// The part of the memory that keeps what sources say until it is dealt with.
pub trait Inbox: Send + Sync {
    /// Keeps webhooks as they came, each unless one of its source with its repeat key is kept already.
    /// Durable when it returns. One outcome each, in order.
    fn keep_webhooks(&self, webhooks: Vec<NewWebhook>) -> Stored<'_, Vec<Kept>>;

    /// Webhooks that nobody has dealt with and whose time has come, oldest first. Each comes again
    /// `again_after` from now, unless it is ended before.
    fn take_webhooks(&self, limit: usize, again_after: Duration) -> Stored<'_, Vec<Webhook>>;

    /// Says what became of webhooks, and writes what is noted into the log: each once, however often its webhook
    /// ends. What is there by the newest that was noted of it counts as live for what depends on it, unless an
    /// item is called so.
    fn end_webhooks(&self, ends: Vec<WebhookEnd>) -> Stored<'_, ()>;

    /// Takes the right to ask a source, if its time has come: for `again_after`, when it comes up again
    /// unless it is ended before.
    fn begin_poll(&self, source: &str, again_after: Duration) -> Stored<'_, Option<Poll>>;

    /// Says where an asking ended, and how long after now the next begins.
    fn end_poll(&self, source: &str, cursor: String, next: Duration) -> Stored<'_, ()>;

    /// Notes what a sweep was shown, and forgets some of what earlier ones were shown.
    fn note_listed(&self, sweep: &Sweep, entries: Vec<ListedEntry>) -> Stored<'_, ()>;

    /// Looks at the next items after a number, at most `limit`: which of them the source should have.
    fn swept(&self, sweep: &Sweep, after: i64, limit: usize) -> Stored<'_, Swept>;

    /// Has a webhook dealt with again; `false` when there is none of this id and owner, or its words were erased.
    fn redo_webhook(&self, owner: &str, id: WebhookId) -> Stored<'_, bool>;
}
