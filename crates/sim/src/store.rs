//! A node's way to the store.
//!
//! Ensures that every operation may be delayed, may lose its answer and may be where power is cut; and
//! that the model sees what each did, in the order in which the store did it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_executor::block_on;
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
use slugline_store::sqlite::SqliteStore;

use crate::faults::Kind;
use crate::hold;
use crate::power;
use crate::scheduler::{Group, give_way};
use crate::vault::Image;
use crate::world::World;

/// How often the answer of an operation is lost.
const LOST: f64 = 0.01;
/// How often power is cut at an operation that writes.
const CUT: f64 = 0.004;
/// How often the store is closed properly before the power goes.
const CLOSED: f64 = 0.1;

/// See the module.
pub(crate) struct NodeStore {
    pub(crate) world: Arc<World>,
    pub(crate) node: Group,
    pub(crate) store: Arc<SqliteStore>,
}

/// What befalls an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Done,
    /// The store never hears of it.
    LostBefore,
    /// The store did it, and nobody hears of that.
    LostAfter,
    /// Power is cut before it.
    CutBefore,
    /// Power is cut while it is done.
    CutWithin,
    /// Power is cut when it has been answered.
    CutAfter,
}

type Operation<'a, T> = Stored<'a, T>;

impl NodeStore {
    fn fate(&self, writes: bool) -> Fate {
        let dice = &self.world.store_dice;
        let (loses, cuts, when) = (dice.chance(LOST), dice.chance(CUT), dice.below(3));
        let (plan, calm) = (&self.world.plan, self.world.is_calm());
        if cuts && writes && !calm && plan.has(Kind::PowerCut) {
            return [Fate::CutBefore, Fate::CutWithin, Fate::CutAfter][when];
        }
        if loses && !calm && plan.has(Kind::LostReply) {
            return [Fate::LostBefore, Fate::LostAfter, Fate::LostAfter][when];
        }
        Fate::Done
    }

    /// Others run first, or time passes, as often as the dice say.
    async fn wait(&self) {
        let dice = &self.world.store_dice;
        for _ in 0..dice.below(3) {
            give_way().await;
        }
        if dice.chance(0.05) {
            let pause = dice.millis(0..if dice.chance(0.1) { 200 } else { 5 });
            self.world.scheduler.sleep(pause).await;
        }
    }

    /// What an operation goes through. `seen`: the model takes over what it did.
    async fn through<T>(
        &self,
        name: &'static str,
        writes: bool,
        operation: Operation<'_, T>,
        seen: impl FnOnce(&Result<T, StoreError>),
    ) -> Result<T, StoreError> {
        self.wait().await;
        if self.world.dark.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let fate = self.fate(writes);
        let before = (fate == Fate::CutWithin).then(|| self.world.vault.image());
        match fate {
            Fate::LostBefore => return Err(self.lost(name, "before it was done")),
            Fate::CutBefore => self.cut(name, self.world.vault.image()).await,
            _ => {}
        }
        let outcome = block_on(operation);
        let after = (fate == Fate::CutAfter).then(|| self.world.vault.image());
        if let Some(before) = before {
            self.cut_within(name, before, || seen(&outcome)).await;
        } else {
            seen(&outcome);
        }
        if writes {
            self.world.follow_log();
        }
        match (fate, after) {
            (_, Some(after)) => self.cut(name, after).await,
            (Fate::LostAfter, _) => return Err(self.lost(name, "after it was done")),
            _ => {}
        }
        self.wait().await;
        outcome
    }

    fn lost(&self, name: &str, when: &str) -> StoreError {
        self.world
            .note(|| format!("n{} ~ the answer of {name} is lost {when}", self.node));
        StoreError::Unavailable("the connection to it was lost".into())
    }

    /// Power is cut, and nobody here goes on.
    async fn cut(&self, name: &str, image: Image) {
        let closed = self.world.store_dice.chance(CLOSED);
        self.world
            .note(|| format!("n{} ~ power is cut at {name}, closed {closed}", self.node));
        power::cut(&self.world, (!closed).then_some(image), || {});
        std::future::pending::<()>().await;
    }

    /// As [`Self::cut`], with the operation half-way to the disk. Whether it got there shows in the log.
    async fn cut_within(&self, name: &str, before: Image, seen: impl FnOnce()) {
        let world = &self.world;
        let after = world.vault.image();
        let place = hold(&world.model).cursor();
        let has_written = !world.log_after(place).is_empty();
        let image = match (has_written, world.plan.has(Kind::Torn)) {
            (false, _) => before,
            (true, true) => before.torn(after, &world.store_dice),
            (true, false) if world.store_dice.chance(0.5) => before,
            (true, false) => after,
        };
        world.note(|| format!("n{} ~ power is cut within {name}", self.node));
        power::cut(world, Some(image), || {
            if name == "accept" {
                seen()
            }
        });
        std::future::pending::<()>().await;
    }
}

/// Operations that the model need not see itself: the log shows what they did.
macro_rules! through {
    ($($writes:literal $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> Stored<'_, $answer> {
            let operation = self.store.$name($($argument),*);
            Box::pin(self.through(stringify!($name), $writes, operation, |_| {}))
        })*
    };
}

impl Store for NodeStore {
    fn now(&self) -> Timestamp {
        self.store.now()
    }

    fn installation(&self) -> &str {
        self.store.installation()
    }

    fn nudged(&self) -> BoxFuture<'_, ()> {
        self.store.nudged()
    }

    /// The disk of the machine that runs this is not the run's.
    fn pressure(&self) -> Pressure {
        Pressure {
            free_bytes: u64::MAX,
            ..self.store.pressure()
        }
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn accept(&self, submissions: Vec<Submission>) -> Stored<'_, Vec<Result<Decided, Problem>>> {
        let operation = self.store.accept(submissions.clone());
        Box::pin(self.through("accept", true, operation, move |outcome| {
            self.world.accepted(self.node, &submissions, outcome);
        }))
    }

    fn claim(&self, wants: Vec<Want>) -> Stored<'_, Claimed> {
        let operation = self.store.claim(wants);
        Box::pin(self.through("claim", true, operation, |outcome| {
            self.world.claimed(self.node, outcome)
        }))
    }

    fn claim_looks(&self, wants: Vec<Want>) -> Stored<'_, Claimed> {
        let operation = self.store.claim_looks(wants);
        Box::pin(self.through("claim_looks", true, operation, |outcome| {
            self.world.claimed(self.node, outcome)
        }))
    }

    fn renew(&self, leases: Vec<Lease>) -> Stored<'_, Vec<bool>> {
        let operation = self.store.renew(leases.clone());
        Box::pin(self.through("renew", true, operation, move |outcome| {
            self.world.renewed(self.node, &leases, outcome);
        }))
    }

    fn record(&self, effects: Vec<EffectChange>) -> Stored<'_, Vec<bool>> {
        let operation = self.store.record(effects.clone());
        Box::pin(self.through("record", true, operation, move |outcome| {
            let rights = effects.iter().map(|effect| (effect.job, effect.fence));
            self.world.used_rights(self.node, rights, outcome, false);
        }))
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Stored<'_, Vec<bool>> {
        let operation = self.store.settle(settlements.clone());
        Box::pin(self.through("settle", true, operation, move |outcome| {
            let rights = settlements.iter().map(|run| (run.job, run.fence));
            self.world.used_rights(self.node, rights, outcome, true);
            self.world.settled(&settlements, outcome);
        }))
    }

    through! {
        true register(destinations: Vec<Registration>) -> ();
        false shared_effect(destination: &str, key: &str) -> Option<String>;
        false own_entry(destination: &str, names: Vec<String>) -> Option<OwnEntry>;
        true check_soon(destination: &str, entry: &str, after: Duration) -> ();
        true hold(holds: Vec<Hold>) -> Vec<bool>;
        true rescue(limit: usize) -> usize;
        true release(deadlines: Vec<Deadline>, limit: usize) -> Released;
        true expire(deadlines: Vec<Deadline>, limit: usize) -> usize;
        false wanted_media(limit: usize) -> Vec<WantedMedia>;
        true resolve_media(resolved: Vec<ResolvedMedia>) -> ();
        true put_media(media: NewMedia) -> ();
        false media_info(sha256: &str) -> Option<MediaInfo>;
        false media(sha256: &str) -> Option<Bytes>;
        false orphan_media(grace: Duration, limit: usize) -> Vec<OrphanMedia>;
        true forget_orphan(orphan: OrphanMedia) -> ();
        true seal(max_age: Duration) -> usize;
        true prune(policy: Retention, limit: usize) -> usize;
        false verify_log() -> LogCheck;
        false tokens() -> Vec<TokenRecord>;
        true add_token(token: TokenRecord) -> bool;
        true revoke_token(name: &str) -> bool;
        false credential(name: &str) -> Option<KeptCredential>;
        true begin_refresh(name: &str, number: i64, lease: Duration) -> RefreshRight;
        true end_refresh(end: RefreshEnd) -> bool;
    }
}

impl Desk for NodeStore {
    fn act(&self, orders: Vec<JobOrder>) -> Stored<'_, Vec<Result<JobState, Problem>>> {
        let operation = self.store.act(orders.clone());
        Box::pin(self.through("act", true, operation, move |outcome| {
            self.world.acted(self.node, &orders, outcome);
        }))
    }

    through! {
        true write_note(note: NewNote) -> bool;
        false notes(owner: &str, content_id: &str, limit: usize) -> Vec<NoteView>;
        false last_good(item: &ItemKey, destination: &str, below: Generation) -> Option<Generation>;
    }

    fn erase(&self, erasure: Erasure) -> Stored<'_, Result<Erased, Problem>> {
        let operation = self.store.erase(erasure.clone());
        Box::pin(self.through("erase", true, operation, move |outcome| {
            // What it did to the log comes first.
            self.world.follow_log();
            self.world.erased(self.node, &erasure, outcome);
        }))
    }
}

impl Views for NodeStore {
    through! {
        false publish(owner: &str, id: &str) -> Option<PublishView>;
        false raw_request(owner: &str, publish: PublishId) -> Option<RawRequest>;
        false publishes(filter: PublishFilter, page: Page) -> Paged<PublishView>;
        false content(owner: &str, content_id: &str) -> Vec<ContentView>;
        false revisions(owner: &str, content_id: &str, page: Page) -> Paged<RevisionView>;
        false job(owner: &str, id: JobId) -> Option<JobDetail>;
        false dead_letters(filter: DeadLetterFilter, page: Page) -> Paged<DeadLetter>;
        false events(filter: EventFilter, page: Page) -> Paged<LogEntry>;
        false log_end() -> i64;
        false counts() -> Counts;
        false webhook(owner: &str, id: WebhookId) -> Option<WebhookDetail>;
        false webhooks(filter: WebhookFilter, page: Page) -> Paged<WebhookView>;
    }
}

impl Control for NodeStore {
    through! {
        true pause(order: PauseOrder) -> Option<Pause>;
        true resume(of: Pausable, actor: String) -> bool;
        false pauses(owner: Option<String>) -> Vec<Pause>;
    }
}

impl Overviews for NodeStore {
    through! {
        false recent(filter: EventFilter, page: Page) -> Paged<LogEntry>;
        false contents(filter: ContentFilter, page: Page) -> Paged<Listed>;
        false standing(owner: &str) -> Vec<Standing>;
        false spans(owner: &str, spans: Vec<Span>) -> Vec<Ran>;
        false upcoming(owner: &str, limit: usize) -> Vec<PublishView>;
        false slots(owner: &str, span: Span, limit: usize) -> Vec<PublishView>;
    }
}

impl Sessions for NodeStore {
    through! {
        true begin_session(hash: &str, token: &str) -> ();
        false session(hash: &str) -> Option<SessionRecord>;
        true use_session(hash: &str) -> ();
        true end_session(hash: &str) -> ();
    }
}

impl Reconciling for NodeStore {
    through! {
        true rerun(reruns: Vec<Rerun>) -> Vec<RerunOutcome>;
        true begin_reconciliation(new: NewReconciliation) -> Begun;
        true take_reconciliation(destinations: Vec<String>, lease: Duration) -> Option<ReconciliationTask>;
        true compare(task: &ReconciliationTask, what: Comparison) -> Option<Compared>;
        false tally(id: ReconciliationId) -> Tally;
        true keep_reconciliation(progress: Progress) -> bool;
        true abort_reconciliation(id: ReconciliationId, actor: &str) -> Option<ReconciliationView>;
        false reconciliation(id: ReconciliationId) -> Option<ReconciliationView>;
        false reconciliations(destination: Option<String>, page: Page) -> Paged<ReconciliationView>;
        false drifted(filter: DriftFilter, page: Page) -> Paged<DriftedView>;
    }

    fn adopt(&self, seen: Vec<DriftedView>, actor: &str) -> Stored<'_, Vec<bool>> {
        let operation = self.store.adopt(seen.clone(), actor);
        Box::pin(self.through("adopt", true, operation, move |outcome| {
            // What it did to the log comes first.
            self.world.follow_log();
            let adopted = outcome.as_deref().unwrap_or_default();
            let judged = hold(&self.world.model).judge_adopted(&seen, adopted);
            self.world.judge(judged);
        }))
    }
}

impl Replaying for NodeStore {
    through! {
        true begin_replay(new: NewReplay) -> ReplayBegun;
        true take_replay(lease: Duration, limit: usize) -> Option<ReplayTask>;
        true keep_replay(progress: ReplayProgress) -> bool;
        true abort_replay(owner: &str, id: ReplayId, actor: &str) -> Option<ReplayView>;
        false replay(owner: &str, id: ReplayId) -> Option<ReplayView>;
        false replays(owner: &str, page: Page) -> Paged<ReplayView>;
        false replay_targets(owner: &str, id: ReplayId, relevance: Option<Relevance>, page: Page) -> Paged<ReplayTargetView>;
    }
}

impl Inbox for NodeStore {
    fn keep_webhooks(&self, new: Vec<NewWebhook>) -> Stored<'_, Vec<Kept>> {
        let operation = self.store.keep_webhooks(new.clone());
        Box::pin(
            self.through("keep_webhooks", true, operation, move |outcome| {
                let kept = outcome.as_deref().unwrap_or_default();
                let judged = hold(&self.world.model).judge_kept(&new, kept);
                self.world.judge(judged);
            }),
        )
    }

    through! {
        true take_webhooks(limit: usize, again_after: Duration) -> Vec<Webhook>;
        true end_webhooks(ends: Vec<WebhookEnd>) -> ();
        true begin_poll(source: &str, again_after: Duration) -> Option<Poll>;
        true end_poll(source: &str, cursor: String, next: Duration) -> ();
        true note_listed(sweep: &Sweep, entries: Vec<ListedEntry>) -> ();
        false swept(sweep: &Sweep, after: i64, limit: usize) -> Swept;
        true redo_webhook(owner: &str, id: WebhookId) -> bool;
    }
}
