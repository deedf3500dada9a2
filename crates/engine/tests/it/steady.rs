//! A store whose answers take no virtual time.
//!
//! Tokio's paused clock jumps ahead whenever its only thread waits, also for the store's own
//! threads: leases would run out while a commit is under way. So each operation is waited for on
//! the spot, which makes whole runs repeatable as well.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use slugline_core::event::LogEntry;
use slugline_core::ids::{JobId, PublishId, ReconciliationId, ReplayId, WebhookId};
use slugline_core::intake::Submission;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::pause::Pausable;
use slugline_core::port::BoxFuture;
use slugline_core::problem::Problem;
use slugline_core::replay::Relevance;
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;
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
        $(fn $name(&self, $($argument: $type),*) -> Stored<'_, $answer> {
            let answer = futures_executor::block_on(self.store.$name($($argument),*));
            Box::pin(async move {
                self.pass(stringify!($name)).await;
                answer
            })
        })*
    };
}

impl Store for Steady {
    fn now(&self) -> Timestamp {
        self.store.now()
    }

    fn installation(&self) -> &str {
        self.store.installation()
    }

    fn nudged(&self) -> BoxFuture<'_, ()> {
        self.store.nudged()
    }

    fn pressure(&self) -> Pressure {
        self.store.pressure()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.store.close()
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
        tokens() -> Vec<TokenRecord>;
        add_token(token: TokenRecord) -> bool;
        revoke_token(name: &str) -> bool;
        credential(name: &str) -> Option<KeptCredential>;
        begin_refresh(name: &str, number: i64, lease: Duration) -> RefreshRight;
        end_refresh(end: RefreshEnd) -> bool;
    }
}

impl Desk for Steady {
    on_the_spot! {
        act(orders: Vec<JobOrder>) -> Vec<Result<JobState, Problem>>;
        write_note(note: NewNote) -> bool;
        notes(owner: &str, content_id: &str, limit: usize) -> Vec<NoteView>;
        last_good(item: &ItemKey, destination: &str, below: Generation) -> Option<Generation>;
        erase(erasure: Erasure) -> Result<Erased, Problem>;
    }
}

impl Views for Steady {
    on_the_spot! {
        publish(owner: &str, id: &str) -> Option<PublishView>;
        raw_request(owner: &str, publish: PublishId) -> Option<RawRequest>;
        publishes(filter: PublishFilter, page: Page) -> Paged<PublishView>;
        content(owner: &str, content_id: &str) -> Vec<ContentView>;
        revisions(owner: &str, content_id: &str, page: Page) -> Paged<RevisionView>;
        job(owner: &str, id: JobId) -> Option<JobDetail>;
        dead_letters(filter: DeadLetterFilter, page: Page) -> Paged<DeadLetter>;
        events(filter: EventFilter, page: Page) -> Paged<LogEntry>;
        log_end() -> i64;
        counts() -> Counts;
        webhook(owner: &str, id: WebhookId) -> Option<WebhookDetail>;
        webhooks(filter: WebhookFilter, page: Page) -> Paged<WebhookView>;
    }
}

impl Control for Steady {
    on_the_spot! {
        pause(order: PauseOrder) -> Option<Pause>;
        resume(of: Pausable, actor: String) -> bool;
        pauses(owner: Option<String>) -> Vec<Pause>;
    }
}

impl Overviews for Steady {
    on_the_spot! {
        recent(filter: EventFilter, page: Page) -> Paged<LogEntry>;
        contents(filter: ContentFilter, page: Page) -> Paged<Listed>;
        standing(owner: &str) -> Vec<Standing>;
        spans(owner: &str, spans: Vec<Span>) -> Vec<Ran>;
        upcoming(owner: &str, limit: usize) -> Vec<PublishView>;
        slots(owner: &str, span: Span, limit: usize) -> Vec<PublishView>;
    }
}

impl Sessions for Steady {
    on_the_spot! {
        begin_session(hash: &str, token: &str) -> ();
        session(hash: &str) -> Option<SessionRecord>;
        use_session(hash: &str) -> ();
        end_session(hash: &str) -> ();
    }
}

impl Reconciling for Steady {
    on_the_spot! {
        rerun(reruns: Vec<Rerun>) -> Vec<RerunOutcome>;
        begin_reconciliation(new: NewReconciliation) -> Begun;
        take_reconciliation(destinations: Vec<String>, lease: Duration) -> Option<ReconciliationTask>;
        compare(task: &ReconciliationTask, what: Comparison) -> Option<Compared>;
        tally(id: ReconciliationId) -> Tally;
        keep_reconciliation(progress: Progress) -> bool;
        abort_reconciliation(id: ReconciliationId, actor: &str) -> Option<ReconciliationView>;
        reconciliation(id: ReconciliationId) -> Option<ReconciliationView>;
        reconciliations(destination: Option<String>, page: Page) -> Paged<ReconciliationView>;
        drifted(filter: DriftFilter, page: Page) -> Paged<DriftedView>;
        adopt(seen: Vec<DriftedView>, actor: &str) -> Vec<bool>;
    }
}

impl Replaying for Steady {
    on_the_spot! {
        begin_replay(new: NewReplay) -> ReplayBegun;
        take_replay(lease: Duration, limit: usize) -> Option<ReplayTask>;
        keep_replay(progress: ReplayProgress) -> bool;
        abort_replay(owner: &str, id: ReplayId, actor: &str) -> Option<ReplayView>;
        replay(owner: &str, id: ReplayId) -> Option<ReplayView>;
        replays(owner: &str, page: Page) -> Paged<ReplayView>;
        replay_targets(owner: &str, id: ReplayId, relevance: Option<Relevance>, page: Page) -> Paged<ReplayTargetView>;
    }
}

impl Inbox for Steady {
    on_the_spot! {
        keep_webhooks(webhooks: Vec<NewWebhook>) -> Vec<Kept>;
        take_webhooks(limit: usize, again_after: Duration) -> Vec<Webhook>;
        end_webhooks(ends: Vec<WebhookEnd>) -> ();
        begin_poll(source: &str, again_after: Duration) -> Option<Poll>;
        end_poll(source: &str, cursor: String, next: Duration) -> ();
        note_listed(sweep: &Sweep, entries: Vec<ListedEntry>) -> ();
        swept(sweep: &Sweep, after: i64, limit: usize) -> Swept;
        redo_webhook(owner: &str, id: WebhookId) -> bool;
    }
}
