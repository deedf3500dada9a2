//! The scheduler: tasks in groups, virtual time, an order that the dice give.
//!
//! Ensures that of all that could run next the seed chooses one, that time passes only when nothing
//! can run, and that a group (a node's process) can be dropped at any await or frozen for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use slugline_core::port::BoxFuture;

use crate::dice::Dice;
use crate::hold;

/// Tasks that live and die together.
pub(crate) type Group = u32;

/// The group of what is outside every node: clients, vendors, what happens to nodes.
pub(crate) const WORLD: Group = 0;

type Ready = Arc<Mutex<BTreeSet<u64>>>;

/// See the module.
pub(crate) struct Scheduler {
    tasks: Mutex<BTreeMap<u64, Task>>,
    ready: Ready,
    timers: Mutex<BTreeMap<(Duration, u64), Waker>>,
    frozen: Mutex<BTreeSet<Group>>,
    /// Microseconds since the beginning; the store's threads read it too.
    now: AtomicU64,
    numbers: AtomicU64,
    dice: Dice,
}

struct Task {
    group: Group,
    future: BoxFuture<'static, ()>,
    /// The same for every poll, so that lists of wakers can tell that they have it.
    waker: Waker,
}

struct Ring {
    task: u64,
    ready: Ready,
}

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        hold(&self.ready).insert(self.task);
    }
}

impl Scheduler {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            tasks: Mutex::default(),
            ready: Ready::default(),
            timers: Mutex::default(),
            frozen: Mutex::default(),
            now: AtomicU64::new(0),
            numbers: AtomicU64::new(0),
            dice: Dice::new(seed, "scheduler"),
        })
    }

    /// Virtual time since the beginning.
    pub(crate) fn now(&self) -> Duration {
        Duration::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::SeqCst)
    }

    /// Starts a task of a group.
    pub(crate) fn spawn(&self, group: Group, future: impl Future<Output = ()> + Send + 'static) {
        let number = self.number();
        let ring = Ring {
            task: number,
            ready: Arc::clone(&self.ready),
        };
        let task = Task {
            group,
            future: Box::pin(future),
            waker: Waker::from(Arc::new(ring)),
        };
        hold(&self.tasks).insert(number, task);
        hold(&self.ready).insert(number);
    }

    /// Drops all tasks of a group where they stand, as the end of their process does.
    pub(crate) fn kill(&self, group: Group) {
        let dropped: Vec<Task> = hold(&self.tasks)
            .extract_if(.., |_, task| task.group == group)
            .map(|(_, task)| task)
            .collect();
        hold(&self.frozen).remove(&group);
        // Outside the lock: what is dropped may wake or spawn.
        drop(dropped);
    }

    /// Lets a group run no more until it is thawed; its timers go on, as a machine's clock does.
    pub(crate) fn freeze(&self, group: Group) {
        hold(&self.frozen).insert(group);
    }

    /// Lets a frozen group go on.
    pub(crate) fn thaw(&self, group: Group) {
        hold(&self.frozen).remove(&group);
    }

    /// Runs one task that can run, or lets time pass to the next timer. `false` when nothing is left.
    pub(crate) fn step(&self) -> bool {
        let runnable = self.runnable();
        if runnable.is_empty() {
            return self.advance();
        }
        self.poll(*self.dice.pick(&runnable));
        true
    }

    fn runnable(&self) -> Vec<u64> {
        let (mut ready, tasks) = (hold(&self.ready), hold(&self.tasks));
        ready.retain(|number| tasks.contains_key(number));
        let frozen = hold(&self.frozen);
        let thawed = |number: &&u64| !frozen.contains(&tasks[number].group);
        ready.iter().filter(thawed).copied().collect()
    }

    fn poll(&self, number: u64) {
        hold(&self.ready).remove(&number);
        let Some(mut task) = hold(&self.tasks).remove(&number) else {
            return;
        };
        let waker = task.waker.clone();
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_pending() {
            hold(&self.tasks).insert(number, task);
        }
    }

    fn advance(&self) -> bool {
        let mut timers = hold(&self.timers);
        let Some((&(at, _), _)) = timers.first_key_value() else {
            return false;
        };
        let micros = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        self.now.fetch_max(micros, Ordering::SeqCst);
        let later = timers.split_off(&(at, u64::MAX));
        let due = std::mem::replace(&mut *timers, later);
        drop(timers);
        due.into_values().for_each(Waker::wake);
        true
    }

    /// Waits.
    pub(crate) fn sleep(self: &Arc<Self>, duration: Duration) -> Sleep {
        Sleep {
            scheduler: Arc::clone(self),
            until: self.now() + duration,
            timer: None,
        }
    }
}

/// Resolves at its time.
pub(crate) struct Sleep {
    scheduler: Arc<Scheduler>,
    until: Duration,
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.scheduler.now() >= self.until {
            return Poll::Ready(());
        }
        let number = self.timer.unwrap_or_else(|| self.scheduler.number());
        self.timer = Some(number);
        let key = (self.until, number);
        hold(&self.scheduler.timers).insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.timer {
            hold(&self.scheduler.timers).remove(&(self.until, number));
        }
    }
}

/// Lets others run first.
pub(crate) async fn give_way() {
    let mut asked = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
