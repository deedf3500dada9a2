//! Group commit: orders of one kind wait in line, and what waits shares a transaction.
//!
//! Ensures that nobody is answered before its transaction is durable (P1), that a failed transaction
//! is success for nobody, and that an order that fails by itself does not fail its neighbours: they
//! are run again without it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_channel::oneshot;
use slugline_core::port::BoxFuture;
use slugline_engine::store::StoreError;
use tokio::sync::{Mutex, mpsc, watch};

use super::fault::{Done, Fault};
use super::gauges::{Effected, Gauges};
use super::pool::{Pool, gone};
use super::session::Session;
use super::times::Times;

/// Something that many ask for at once.
pub(crate) trait Operation: Send + Sync + 'static {
    /// What is asked.
    type Order: Send + Sync + 'static;
    /// What is answered.
    type Answer: Send + 'static;
    /// Orders that share a commit: enough to hide its fsync, few enough to answer within
    /// milliseconds.
    const GROUP: usize;
    /// Groups that are under way at once: one is decided on while the other is being written.
    const WRITERS: usize;

    /// Does all that the orders ask in one transaction: an answer for each, in their order.
    fn run<'a>(
        session: &'a Session,
        times: &'a Times,
        orders: &'a [Self::Order],
    ) -> BoxFuture<'a, Done<(Vec<Self::Answer>, Effected)>>;
}

type Reply<O> = oneshot::Sender<Result<<O as Operation>::Answer, StoreError>>;
type Asked<O> = (<O as Operation>::Order, Reply<O>);
type Inbox<O> = Arc<Mutex<mpsc::UnboundedReceiver<Asked<O>>>>;

/// The end of the line at which orders are handed in.
pub(crate) struct Line<O: Operation> {
    orders: mpsc::UnboundedSender<Asked<O>>,
    gauges: Arc<Gauges>,
}

/// What the writers of a line work with.
pub(crate) struct Desk {
    pub(crate) pool: Arc<Pool>,
    pub(crate) times: Arc<Times>,
    pub(crate) gauges: Arc<Gauges>,
}

impl<O: Operation> Line<O> {
    /// A line, and its writers to be spawned: they end once `stop` says so and the line is empty.
    pub(crate) fn open(
        desk: &Arc<Desk>,
        stop: &watch::Receiver<bool>,
    ) -> (Self, Vec<BoxFuture<'static, ()>>) {
        let (orders, inbox) = mpsc::unbounded_channel();
        let inbox: Inbox<O> = Arc::new(Mutex::new(inbox));
        let writer = |_| {
            let (desk, inbox) = (Arc::clone(desk), Arc::clone(&inbox));
            let future: BoxFuture<'static, ()> = Box::pin(write::<O>(desk, inbox, stop.clone()));
            future
        };
        let gauges = Arc::clone(&desk.gauges);
        (
            Self { orders, gauges },
            (0..O::WRITERS).map(writer).collect(),
        )
    }

    /// Hands an order in; resolves when what it did is durable.
    pub(crate) fn submit(
        &self,
        order: O::Order,
    ) -> impl Future<Output = Result<O::Answer, StoreError>> + Send + use<O> {
        let (reply, answer) = oneshot::channel();
        self.gauges.waiting.fetch_add(1, Ordering::Relaxed);
        if self.orders.send((order, reply)).is_err() {
            self.gauges.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        async { answer.await.unwrap_or_else(|_| Err(gone().into())) }
    }
}

async fn write<O: Operation>(desk: Arc<Desk>, inbox: Inbox<O>, mut stop: watch::Receiver<bool>) {
    while let Some(group) = next_group::<O>(&inbox, &mut stop).await {
        desk.gauges
            .waiting
            .fetch_sub(group.len(), Ordering::Relaxed);
        desk.serve::<O>(group).await;
    }
}

/// What waits, at most a group; `None` when nobody can come any more.
async fn next_group<O: Operation>(
    inbox: &Inbox<O>,
    stop: &mut watch::Receiver<bool>,
) -> Option<Vec<Asked<O>>> {
    let (mut inbox, mut group) = (inbox.lock().await, Vec::new());
    let taken = tokio::select! {
        biased;
        taken = inbox.recv_many(&mut group, O::GROUP) => Some(taken),
        () = async { drop(stop.wait_for(|stop| *stop).await) } => None,
    };
    if taken.is_none() {
        inbox.close();
        inbox.recv_many(&mut group, O::GROUP).await;
    }
    (!group.is_empty()).then_some(group)
}

impl Desk {
    async fn serve<O: Operation>(&self, group: Vec<Asked<O>>) {
        let (orders, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let orders = Arc::new(orders);
        match self.attempt::<O>(&orders, 0..orders.len()).await {
            Ok(answers) => answer::<O>(replies, answers),
            Err(fault) if orders.len() > 1 && !fault.befalls_all() => {
                tracing::warn!(orders = orders.len(), %fault, "a group was rolled back; its orders are run one by one");
                for (place, reply) in replies.into_iter().enumerate() {
                    let alone = self.attempt::<O>(&orders, place..place + 1).await;
                    // Whoever asked may have gone; what was committed stays.
                    let _ = reply.send(alone.and_then(only).map_err(StoreError::from));
                }
            }
            Err(fault) => {
                let error = StoreError::from(fault);
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }

    async fn attempt<O: Operation>(
        &self,
        orders: &Arc<Vec<O::Order>>,
        range: std::ops::Range<usize>,
    ) -> Done<Vec<O::Answer>> {
        let (orders, times) = (Arc::clone(orders), Arc::clone(&self.times));
        let work = self.pool.run(move |session| {
            let (orders, times, range) = (Arc::clone(&orders), Arc::clone(&times), range.clone());
            Box::pin(
                async move { O::run(session, &times, orders.get(range).unwrap_or_default()).await },
            )
        });
        let (answers, effected) = work.await?;
        self.gauges.apply(effected);
        Ok(answers)
    }
}

fn answer<O: Operation>(replies: Vec<Reply<O>>, answers: Vec<O::Answer>) {
    for (reply, answer) in replies.into_iter().zip(answers) {
        // Whoever asked may have gone; what was committed stays.
        let _ = reply.send(Ok(answer));
    }
}

fn only<T>(answers: Vec<T>) -> Done<T> {
    let first = answers.into_iter().next();
    first.ok_or_else(|| Fault::Ours("an order has no answer".into()))
}
