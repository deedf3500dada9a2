//! The one writer: group commit.
//!
//! Ensures that concurrent orders share one transaction, that what it did is handed on to be synced
//! before anybody is answered (P1, in `sync`), and that a failed transaction keeps nothing and is
//! success for nobody. An order that fails by itself does not fail its neighbours: they are run again
//! without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use futures_channel::oneshot;
use rusqlite::Connection;
use slugline_engine::ports::Clock;
use slugline_engine::store::StoreError;

use super::checkpoint::Checkpoints;
use super::fault::Done;
use super::names::Names;
use super::nudge::Nudge;
use super::orders::{self, Haste, Inbox, Message, Order};
use super::sync::{self, Committed, Sync, Synced, Written};
use super::tx::{Effected, Tx};

/// Orders that share a commit: enough to hide what a commit costs, and few enough that of the usual
/// sixty-four callers half are being worked for while the other half wait for the disk.
const GROUP: usize = 32;

/// What the writer's thread and those who watch it share.
#[derive(Default)]
pub(crate) struct Gauges {
    /// Jobs that are not final, as committed.
    pub(crate) open_jobs: AtomicI64,
    /// Orders that wait for their commit.
    pub(crate) waiting: AtomicUsize,
    /// Transactions committed.
    pub(crate) commits: AtomicUsize,
    /// The hint that jobs may be due.
    pub(crate) nudge: Nudge,
    /// What is on disk.
    pub(crate) synced: Arc<Synced>,
}

/// The way to the writer's thread.
pub(crate) struct Writer {
    orders: Sender<Message>,
    gauges: Arc<Gauges>,
}

impl Writer {
    /// Starts the thread, and the one that brings on disk what it committed (`sync`). `connection`
    /// becomes its own.
    pub(crate) fn start(
        connection: Connection,
        names: Arc<Names>,
        clock: Arc<dyn Clock>,
        gauges: Arc<Gauges>,
        checkpoints: Checkpoints,
        sync: Sync,
    ) -> std::io::Result<(Self, [JoinHandle<()>; 2])> {
        let (orders, inbox) = channel();
        let synced = Arc::clone(&gauges.synced);
        let (committed, syncer) = sync::start(sync, synced, orders.clone())?;
        let desk = Desk {
            inbox: Inbox::new(inbox, Arc::clone(&gauges)),
            connection,
            names,
            clock,
            gauges: Arc::clone(&gauges),
            checkpoints,
            committed,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || desk.serve())?;
        Ok((Self { orders, gauges }, [thread, syncer]))
    }

    /// Has `work` done in a transaction; resolves when it is on disk.
    pub(crate) async fn submit<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Done<T> + Send + 'static,
    {
        self.submit_with(Haste::InTurn, work).await
    }

    /// As [`Self::submit`], with such haste.
    pub(crate) async fn submit_with<T, F>(&self, haste: Haste, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Done<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.gauges.waiting.fetch_add(1, Ordering::Relaxed);
        let order = Message::Order(haste, orders::errand(work, reply));
        if self.orders.send(order).is_err() {
            self.gauges.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Ends the thread after what was handed in before.
    pub(crate) fn stop(&self) {
        // An error means that the thread has ended already.
        let _ = self.orders.send(Message::Stop);
    }
}

/// What is said once the store was closed.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("it was closed".into())
}

struct Desk {
    inbox: Inbox,
    connection: Connection,
    names: Arc<Names>,
    clock: Arc<dyn Clock>,
    gauges: Arc<Gauges>,
    checkpoints: Checkpoints,
    committed: Sender<Committed>,
}

/// Orders of one transaction.
type Group = Vec<Box<dyn Order>>;

impl Desk {
    fn serve(self) {
        while !self.inbox.is_closed() {
            let Some(first) = self.inbox.next(true) else {
                continue;
            };
            let mut group = vec![first];
            match self.gauges.synced.failure() {
                Some(failure) => refuse(group, &failure),
                None => {
                    let outcome = self.transact(&mut group, true);
                    self.conclude(group, outcome);
                }
            }
            self.checkpoints.after_commit(&self.connection);
        }
    }

    /// Runs a group in one transaction; what that wrote. While a sync is under way, the group
    /// takes in (`open`) what comes: it could not be on disk earlier, and a commit has its own costs.
    /// Urgent work does not wait for that; it takes along only what comes first as well.
    fn transact(&self, group: &mut Group, open: bool) -> Done<Written> {
        let before = self.connection.total_changes();
        let outcome = self.attempt(group, open);
        outcome
            .map(|effected| Written {
                any: self.connection.total_changes() != before,
                log_end: self.publish(effected),
            })
            .inspect_err(|fault| {
                tracing::warn!(orders = group.len(), %fault, "a group was rolled back");
                self.roll_back();
            })
    }

    fn attempt(&self, group: &mut Group, open: bool) -> Done<Effected> {
        self.connection
            .prepare_cached("BEGIN IMMEDIATE")?
            .execute([])?;
        let tx = Tx::begun(&self.connection, &self.names, self.clock.now())?;
        for order in group.iter_mut() {
            order.run(&tx)?;
        }
        while open && group.len() < GROUP && !self.inbox.is_closed() {
            let patience = self.inbox.is_syncing() && !tx.hurries();
            let next = match tx.hurries() {
                true => self.inbox.next_of_first(),
                false => self.inbox.next(patience),
            };
            match next {
                Some(mut order) => {
                    let outcome = order.run(&tx);
                    group.push(order);
                    outcome?;
                }
                None if patience => {}
                None => break,
            }
        }
        let effected = tx.ended()?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(effected)
    }

    fn conclude(&self, group: Group, outcome: Done<Written>) {
        match outcome {
            Ok(written) => self.hand_on(group, written),
            Err(fault) if group.len() > 1 && !fault.is_full() => {
                for order in group {
                    let mut alone = vec![order];
                    let outcome = self.transact(&mut alone, false);
                    self.conclude(alone, outcome);
                }
            }
            Err(fault) => refuse(group, &fault.into()),
        }
    }

    fn hand_on(&self, orders: Group, written: Written) {
        self.inbox.handed_on();
        // An error means that the thread has panicked: nobody is answered with success.
        if let Err(error) = self.committed.send(Committed { orders, written }) {
            refuse(error.0.orders, &closed());
        }
    }

    /// Tells the rest of the process; where the log ends.
    fn publish(&self, effected: Effected) -> i64 {
        self.gauges.commits.fetch_add(1, Ordering::Relaxed);
        self.gauges
            .open_jobs
            .fetch_add(effected.opened, Ordering::Relaxed);
        self.names.take_over(effected.renamed, &effected.kept);
        if effected.nudge {
            self.gauges.nudge.give();
        }
        effected.log_end
    }

    fn roll_back(&self) {
        // SQLite has rolled back already after some errors (a full disk among them).
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "rolling back failed");
        }
    }
}

fn refuse(orders: Group, failure: &StoreError) {
    for order in orders {
        order.answer(Err(failure.clone()));
    }
}
