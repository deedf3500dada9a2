//! The one writer: group commit.
//!
//! Ensures that concurrent orders share one transaction and one fsync, that nobody is answered
//! before it is on disk (P1), and that a failed transaction keeps nothing and is success for nobody.
//! An order that fails by itself does not fail its neighbours: they are run again without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use futures_channel::oneshot;
use rusqlite::Connection;
use slugline_engine::ports::Clock;
use slugline_engine::store::StoreError;

use super::checkpoint::Checkpoints;
use super::fault::Done;
use super::names::Names;
use super::nudge::Nudge;
use super::tx::{Effected, Tx};

/// Orders that share a commit: enough to hide the fsync, few enough to answer within milliseconds.
const GROUP: usize = 256;

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
}

/// The way to the writer's thread.
pub(crate) struct Writer {
    orders: Sender<Message>,
    gauges: Arc<Gauges>,
}

enum Message {
    Order(Box<dyn Order>),
    Stop,
}

/// Something to be done in a transaction. May run more than once; only a committed run counts.
trait Order: Send {
    fn run(&mut self, tx: &Tx<'_>) -> Done<()>;
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Errand<T, F> {
    work: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: Fn(&Tx<'_>) -> Done<T> + Send> Order for Errand<T, F> {
    fn run(&mut self, tx: &Tx<'_>) -> Done<()> {
        self.result = Some((self.work)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { result, reply, .. } = *self;
        let missing = || StoreError::Internal("the writer lost a result".into());
        let answer = outcome.and_then(|()| result.ok_or_else(missing));
        // Whoever asked may have gone; what was committed stays.
        let _ = reply.send(answer);
    }
}

impl Writer {
    /// Starts the thread. `connection` becomes its own.
    pub(crate) fn start(
        connection: Connection,
        names: Arc<Names>,
        clock: Arc<dyn Clock>,
        gauges: Arc<Gauges>,
        checkpoints: Checkpoints,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (orders, inbox) = channel();
        let desk = Desk {
            connection,
            names,
            clock,
            gauges: Arc::clone(&gauges),
            checkpoints,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || desk.serve(&inbox))?;
        Ok((Self { orders, gauges }, thread))
    }

    /// Has `work` done in a transaction; resolves when it is on disk.
    pub(crate) async fn submit<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Done<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let errand = Errand {
            work,
            result: None,
            reply,
        };
        self.gauges.waiting.fetch_add(1, Ordering::Relaxed);
        if self.orders.send(Message::Order(Box::new(errand))).is_err() {
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
    connection: Connection,
    names: Arc<Names>,
    clock: Arc<dyn Clock>,
    gauges: Arc<Gauges>,
    checkpoints: Checkpoints,
}

impl Desk {
    fn serve(self, inbox: &Receiver<Message>) {
        while let Some((group, last)) = next_group(inbox) {
            self.gauges
                .waiting
                .fetch_sub(group.len(), Ordering::Relaxed);
            self.commit(group);
            self.checkpoints.after_commit(&self.connection);
            if last {
                break;
            }
        }
    }

    fn commit(&self, mut group: Vec<Box<dyn Order>>) {
        match self.attempt(&mut group) {
            Err(fault) if group.len() > 1 && !fault.is_full() => {
                group.into_iter().for_each(|order| self.commit(vec![order]));
            }
            outcome => {
                let outcome = outcome.map_err(StoreError::from);
                group
                    .into_iter()
                    .for_each(|order| order.answer(outcome.clone()));
            }
        }
    }

    fn attempt(&self, group: &mut [Box<dyn Order>]) -> Done<()> {
        self.transact(group)
            .map(|effected| self.publish(effected))
            .inspect_err(|fault| {
                tracing::warn!(orders = group.len(), %fault, "a group was rolled back");
                self.roll_back();
            })
    }

    fn transact(&self, group: &mut [Box<dyn Order>]) -> Done<Effected> {
        self.connection
            .prepare_cached("BEGIN IMMEDIATE")?
            .execute([])?;
        let tx = Tx::begun(&self.connection, &self.names, self.clock.now())?;
        for order in group.iter_mut() {
            order.run(&tx)?;
        }
        let effected = tx.ended()?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(effected)
    }

    fn publish(&self, effected: Effected) {
        self.gauges.commits.fetch_add(1, Ordering::Relaxed);
        self.gauges
            .open_jobs
            .fetch_add(effected.opened, Ordering::Relaxed);
        self.names.take_over(effected.renamed, &effected.kept);
        if effected.nudge {
            self.gauges.nudge.give();
        }
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

/// What waits, at most [`GROUP`] orders, and whether it is the last; `None` when nobody is left.
fn next_group(inbox: &Receiver<Message>) -> Option<(Vec<Box<dyn Order>>, bool)> {
    let mut group = Vec::new();
    let mut next = inbox.recv().ok();
    while let Some(Message::Order(order)) = next {
        group.push(order);
        next = if group.len() < GROUP {
            inbox.try_recv().ok()
        } else {
            None
        };
    }
    let last = matches!(next, Some(Message::Stop));
    (!group.is_empty()).then_some((group, last))
}
