//! Orders to the writer, and how they reach it.
//!
//! Ensures that whoever gave an order hears what became of it, and that the writer knows how much of
//! what it has handed on is on disk.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use futures_channel::oneshot;
use slugline_engine::store::StoreError;

use super::fault::Done;
use super::tx::Tx;
use super::writer::Gauges;

/// What the writer's thread is told.
pub(crate) enum Message {
    /// Do this.
    Order(Box<dyn Order>),
    /// So many groups more are on disk.
    Synced(usize),
    /// Nothing more comes.
    Stop,
}

/// Something to be done in a transaction. May run more than once; only a committed run counts.
pub(crate) trait Order: Send {
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

/// An order that answers with what its work gave.
pub(crate) fn errand<T, F>(work: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Box<dyn Order>
where
    T: Send + 'static,
    F: Fn(&Tx<'_>) -> Done<T> + Send + 'static,
{
    Box::new(Errand {
        work,
        result: None,
        reply,
    })
}

/// What reaches the writer's thread.
pub(crate) struct Inbox {
    messages: Receiver<Message>,
    gauges: Arc<Gauges>,
    under_sync: Cell<usize>,
    closed: Cell<bool>,
}

impl Inbox {
    /// An inbox at the end of this channel.
    pub(crate) fn new(messages: Receiver<Message>, gauges: Arc<Gauges>) -> Self {
        Self {
            messages,
            gauges,
            under_sync: Cell::new(0),
            closed: Cell::new(false),
        }
    }

    /// The next order. `None`: something else has happened, or without `patience` nothing waits.
    pub(crate) fn next(&self, patience: bool) -> Option<Box<dyn Order>> {
        let message = if patience {
            self.messages.recv().unwrap_or(Message::Stop)
        } else {
            self.messages.try_recv().ok()?
        };
        match message {
            Message::Order(order) => {
                self.gauges.waiting.fetch_sub(1, Ordering::Relaxed);
                return Some(order);
            }
            Message::Synced(groups) => self.under_sync.set(self.under_sync.get() - groups),
            Message::Stop => self.closed.set(true),
        }
        None
    }

    /// Notes that a group was handed on to be synced.
    pub(crate) fn handed_on(&self) {
        self.under_sync.set(self.under_sync.get() + 1);
    }

    /// Whether a sync is under way, or about to begin.
    pub(crate) fn is_syncing(&self) -> bool {
        self.under_sync.get() > 0
    }

    /// Whether nothing more comes.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }
}
