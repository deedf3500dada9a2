//! A store whose answers take no virtual time.
//!
//! Tokio's paused clock jumps ahead whenever its only thread waits, also for the store's own
//! threads: leases would run out while a commit is under way. So each operation is waited for on
//! the spot, which makes whole runs repeatable as well.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use slugline_core::event::LogEntry;
use slugline_core::ids::{JobId, WebhookId};
use slugline_core::intake::Submission;
use slugline_core::port::BoxFuture;
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;
use slugline_engine::store::*;

pub struct Steady {
    store: Arc<dyn Store>,
    suspended: Mutex<Option<(&'static str, Duration)>>,
}

impl Steady {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            suspended: Mutex::default(),
        }
    }

    /// Freezes the caller for this long after the next operation of this name.
    pub fn suspend_after(&self, name: &'static str, duration: Duration) {
        *self.suspended.lock().unwrap() = Some((name, duration));
    }

    async fn pass(&self, name: &str) {
        let due = self
            .suspended
            .lock()
            .unwrap()
            .take_if(|(at, _)| *at == name);
        if let Some((_, duration)) = due {
            // It sleeps because the caller's machine does, on the paused clock.
            tokio::time::sleep(duration).await;
        }
    }
}

macro_rules! on_the_spot {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Store for Steady {
            fn now(&self) -> Timestamp { self.store.now() }
            fn installation(&self) -> &str { self.store.installation() }
            fn nudged(&self) -> BoxFuture<'_, ()> { self.store.nudged() }
            fn pressure(&self) -> Pressure { self.store.pressure() }
            fn close(&self) -> BoxFuture<'_, ()> { self.store.close() }
            $(fn $name(&self, $($argument: $type),*) -> Stored<'_, $answer> {
                let answer = futures_executor::block_on(self.store.$name($($argument),*));
                Box::pin(async move {
                    self.pass(stringify!($name)).await;
                    answer
                })
            })*
        }
    };
}

on_the_spot! {
    register(destinations: Vec<Registration>) -> ();
    accept(submissions: Vec<Submission>) -> Vec<Result<Decided, Problem>>;
    claim(wants: Vec<Want>) -> Claimed;
    claim_looks(wants: Vec<Want>) -> Claimed;
    renew(leases: Vec<Lease>) -> Vec<bool>;
    record(effects: Vec<EffectChange>) -> Vec<bool>;
    shared_effect(destination: &str, key: &str) -> Option<String>;
    own_entry(destination: &str, names: Vec<String>) -> Option<OwnEntry>;
    check_soon(destination: &str, entry: &str, after: Duration) -> ();
    hold(holds: Vec<Hold>) -> Vec<bool>;
    settle(settlements: Vec<Settlement>) -> Vec<bool>;
    rescue(limit: usize) -> usize;
    release(deadlines: Vec<Deadline>, limit: usize) -> Released;
    expire(deadlines: Vec<Deadline>, limit: usize) -> usize;
    wanted_media(limit: usize) -> Vec<WantedMedia>;
    resolve_media(resolved: Vec<ResolvedMedia>) -> ();
    put_media(media: NewMedia) -> ();
    media_info(sha256: &str) -> Option<MediaInfo>;
    media(sha256: &str) -> Option<Bytes>;
    orphan_media(grace: Duration, limit: usize) -> Vec<OrphanMedia>;
    forget_orphan(orphan: OrphanMedia) -> ();
    seal(max_age: Duration) -> usize;
    prune(policy: Retention, limit: usize) -> usize;
    verify_log() -> LogCheck;
    publish(owner: &str, id: &str) -> Option<PublishView>;
    publishes(filter: PublishFilter, page: Page) -> Paged<PublishView>;
    content(owner: &str, content_id: &str) -> Vec<ContentView>;
    revisions(owner: &str, content_id: &str, page: Page) -> Paged<RevisionView>;
    job(owner: &str, id: JobId) -> Option<JobDetail>;
    events(filter: EventFilter, page: Page) -> Paged<LogEntry>;
    counts() -> Counts;
    tokens() -> Vec<TokenRecord>;
    add_token(token: TokenRecord) -> bool;
    revoke_token(name: &str) -> bool;
    credential(name: &str) -> Option<KeptCredential>;
    begin_refresh(name: &str, number: i64, lease: Duration) -> RefreshRight;
    end_refresh(end: RefreshEnd) -> bool;
    keep_webhooks(webhooks: Vec<NewWebhook>) -> Vec<Kept>;
    take_webhooks(limit: usize, again_after: Duration) -> Vec<Webhook>;
    end_webhooks(ends: Vec<WebhookEnd>) -> ();
    begin_poll(source: &str, again_after: Duration) -> Option<Poll>;
    end_poll(source: &str, cursor: String, next: Duration) -> ();
    redo_webhook(owner: &str, id: WebhookId) -> bool;
    webhook(owner: &str, id: WebhookId) -> Option<WebhookDetail>;
    webhooks(filter: WebhookFilter, page: Page) -> Paged<WebhookView>;
}
