//! The clocks of nodes and of the store.
//!
//! Ensures that monotonic time is the scheduler's, frozen node or not, and that a jump moves the time
//! of day and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use slugline_core::port::BoxFuture;
use slugline_core::time::Timestamp;
use slugline_engine::ports::Clock;

use crate::plan::EPOCH;
use crate::scheduler::Scheduler;

/// One machine's clock.
pub(crate) struct JumpingClock {
    scheduler: Arc<Scheduler>,
    /// Microseconds that the time of day is ahead.
    ahead: AtomicI64,
}

impl JumpingClock {
    pub(crate) fn new(scheduler: Arc<Scheduler>) -> Arc<Self> {
        Arc::new(Self {
            scheduler,
            ahead: AtomicI64::new(0),
        })
    }

    /// Moves the time of day by milliseconds.
    pub(crate) fn jump(&self, millis: i64) {
        self.ahead.fetch_add(millis * 1_000, Ordering::SeqCst);
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        let today = EPOCH.plus(self.scheduler.now());
        Timestamp(today.0 + self.ahead.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.scheduler.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(self.scheduler.sleep(duration))
    }
}
