//! Orders to the writer, and how they reach it.
//!
//! Ensures that whoever gave an order hears what became of it, that urgent orders pass the others
//! (P10) without stopping them (P9), and that the writer knows how much of what it has handed on is on
//! disk.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use futures_channel::oneshot;
use slugline_core::item::Class;
use slugline_engine::store::StoreError;

use super::fault::Done;
use super::tx::Tx;
use super::writer::Gauges;

/// Orders that may pass those that wait, one after the other; then it is their turn.
const FIRST_IN_A_ROW: usize = 16;

/// What the writer's thread is told.
pub(crate) enum Message {
    /// Do this.
    Order(Haste, Box<dyn Order>),
    /// So many groups more are on disk.
    Synced(usize),
    /// Nothing more comes.
    Stop,
}

/// When an order's turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Haste {
    /// Before all others: somebody waits for urgent work.
    First,
    /// In the order of arrival.
    InTurn,
}

impl Haste {
    /// That of an order which is about work of this class, among others.
    pub(crate) fn of(class: impl IntoIterator<Item = Class>) -> Self {
        let urgent = class.into_iter().any(|class| class == Class::Urgent);
        if urgent { Self::First } else { Self::InTurn }
    }
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

/// Orders that wait.
type Queue = RefCell<VecDeque<Box<dyn Order>>>;

/// What reaches the writer's thread.
pub(crate) struct Inbox {
    messages: Receiver<Message>,
    first: Queue,
    in_turn: Queue,
    in_a_row: Cell<usize>,
    gauges: Arc<Gauges>,
    under_sync: Cell<usize>,
    closed: Cell<bool>,
}

impl Inbox {
    /// An inbox at the end of this channel.
    pub(crate) fn new(messages: Receiver<Message>, gauges: Arc<Gauges>) -> Self {
        Self {
            messages,
            first: RefCell::default(),
            in_turn: RefCell::default(),
            in_a_row: Cell::new(0),
            gauges,
            under_sync: Cell::new(0),
            closed: Cell::new(false),
        }
    }

    /// The next order. `None`: something else has happened, or without `patience` nothing waits.
    pub(crate) fn next(&self, patience: bool) -> Option<Box<dyn Order>> {
        let news = self.sort_all();
        let taken = self.take();
        // What has just happened may be what the caller is patient for.
        if taken.is_none() && patience && !news {
            self.sort(self.messages.recv().unwrap_or(Message::Stop));
            return self.take();
        }
        taken
    }

    /// The next of those orders that come first, if one waits.
    pub(crate) fn next_of_first(&self) -> Option<Box<dyn Order>> {
        self.sort_all();
        self.take_first()
    }

    /// Whether anything has happened.
    fn sort_all(&self) -> bool {
        let mut news = false;
        for message in self.messages.try_iter() {
            self.sort(message);
            news = true;
        }
        news
    }

    fn sort(&self, message: Message) {
        match message {
            Message::Order(Haste::First, order) => self.first.borrow_mut().push_back(order),
            Message::Order(Haste::InTurn, order) => self.in_turn.borrow_mut().push_back(order),
            Message::Synced(groups) => self.under_sync.set(self.under_sync.get() - groups),
            Message::Stop => self.closed.set(true),
        }
    }

    fn take(&self) -> Option<Box<dyn Order>> {
        let passed = self.in_a_row.get() >= FIRST_IN_A_ROW;
        match passed {
            true => self.take_in_turn().or_else(|| self.take_first()),
            false => self.take_first().or_else(|| self.take_in_turn()),
        }
    }

    fn take_first(&self) -> Option<Box<dyn Order>> {
        let order = self.take_from(&self.first)?;
        self.in_a_row.set(self.in_a_row.get() + 1);
        Some(order)
    }

    fn take_in_turn(&self) -> Option<Box<dyn Order>> {
        self.in_a_row.set(0);
        self.take_from(&self.in_turn)
    }

    fn take_from(&self, queue: &Queue) -> Option<Box<dyn Order>> {
        let order = queue.borrow_mut().pop_front()?;
        self.gauges.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(order)
    }

    /// Notes that a group was handed on to be synced.
    pub(crate) fn handed_on(&self) {
        self.under_sync.set(self.under_sync.get() + 1);
    }

    /// Whether a sync is under way, or about to begin.
    pub(crate) fn is_syncing(&self) -> bool {
        self.under_sync.get() > 0
    }

    /// Whether nothing more comes, and nothing waits.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get() && self.first.borrow().is_empty() && self.in_turn.borrow().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    struct Numbered(usize, Arc<std::sync::Mutex<Vec<usize>>>);

    impl Order for Numbered {
        fn run(&mut self, _: &Tx<'_>) -> Done<()> {
            Ok(())
        }

        fn answer(self: Box<Self>, _: Result<(), StoreError>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    #[test]
    fn the_end_of_a_sync_is_not_waited_for_twice() {
        let (orders, messages) = channel();
        let inbox = Inbox::new(messages, Arc::default());
        inbox.handed_on();
        orders.send(Message::Synced(1)).unwrap();
        assert!(inbox.is_syncing() && inbox.next(true).is_none());
        assert!(!inbox.is_syncing());
    }

    /// The numbers of orders of these classes, as they are taken.
    fn taken(classes: &[Class]) -> Vec<usize> {
        let (orders, messages) = channel();
        let inbox = Inbox::new(messages, Arc::default());
        let seen = Arc::new(std::sync::Mutex::default());
        for (number, class) in classes.iter().enumerate() {
            let order = Box::new(Numbered(number, Arc::clone(&seen)));
            inbox.gauges.waiting.fetch_add(1, Ordering::Relaxed);
            orders
                .send(Message::Order(Haste::of([*class]), order))
                .unwrap();
        }
        orders.send(Message::Stop).unwrap();
        while !inbox.is_closed() {
            if let Some(order) = inbox.next(true) {
                order.answer(Ok(()));
            }
        }
        assert_eq!(inbox.gauges.waiting.load(Ordering::Relaxed), 0);
        std::mem::take(&mut *seen.lock().unwrap())
    }

    #[test]
    fn urgent_orders_pass_those_that_wait_and_none_is_left_at_the_end() {
        let classes = [Class::Bulk, Class::Standard, Class::Urgent, Class::Urgent];
        assert_eq!(taken(&classes), [2, 3, 0, 1]);
    }

    #[test]
    fn whoever_is_passed_comes_to_his_turn() {
        let mut classes = [Class::Urgent; 3 * FIRST_IN_A_ROW];
        (classes[0], classes[1]) = (Class::Bulk, Class::Bulk);
        let order = taken(&classes);
        assert_eq!(order[FIRST_IN_A_ROW], 0);
        assert_eq!(order[2 * FIRST_IN_A_ROW + 1], 1);
    }
}
