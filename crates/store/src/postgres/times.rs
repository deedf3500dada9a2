//! The store's clock: the database's.
//!
//! Ensures that leases and due times follow one clock for all nodes. Between operations it is told
//! from when it was last read and the node's monotonic time since.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use slugline_core::time::Timestamp;
use slugline_engine::ports::Clock;
use tokio_postgres::Row;

use super::fault::{Done, Fault};
use crate::record::Record;

/// The store's time within a statement; the parameter's value is [`Times::given`]. Not the time at which
/// the transaction began: it may have waited for locks since.
macro_rules! store_now {
    ($given:literal) => {
        concat!(
            "coalesce(",
            $given,
            "::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)"
        )
    };
}
pub(crate) use store_now;

/// Asks for the time.
pub(crate) const NOW: &str = concat!("SELECT ", store_now!("$1"));

/// What tells the time.
pub(crate) struct Times {
    node: Arc<dyn Clock>,
    /// What the database's clock reads when the node's monotonic time is 0, in microseconds.
    origin: AtomicI64,
    /// Whether the node's clock stands in for the database's: for rehearsals, whose time is theirs.
    rehearsed: bool,
}

impl Times {
    /// Tells time by the database, or by the node's clock where that is `rehearsed`.
    pub(crate) fn new(node: Arc<dyn Clock>, rehearsed: bool) -> Self {
        Self {
            node,
            origin: AtomicI64::new(0),
            rehearsed,
        }
    }

    /// The time that takes the place of the database's, if one does.
    pub(crate) fn given(&self) -> Option<i64> {
        self.rehearsed.then(|| self.node.now().0)
    }

    /// Takes the answer to [`NOW`].
    pub(crate) fn read(&self, answer: &[Row]) -> Done<Timestamp> {
        let row = answer
            .first()
            .ok_or_else(|| Fault::Ours("the time has no answer".into()))?;
        let now: i64 = row.read(0)?;
        self.origin.store(now - self.monotonic(), Ordering::Relaxed);
        Ok(Timestamp(now))
    }

    /// The database's clock as last measured.
    pub(crate) fn now(&self) -> Timestamp {
        match self.given() {
            Some(now) => Timestamp(now),
            None => Timestamp(self.origin.load(Ordering::Relaxed) + self.monotonic()),
        }
    }

    fn monotonic(&self) -> i64 {
        i64::try_from(self.node.monotonic().as_micros()).unwrap_or(i64::MAX)
    }
}
