//! Reconciliations, whatever keeps them.
//!
//! Ensures that what a reconciliation notes, compares and counts is the same in every store: its
//! statements are in the words that all databases know. A store says how a statement is run ([`Rows`]).

pub(crate) mod compare;
pub(crate) mod drifted;
pub(crate) mod runs;
pub(crate) mod tally;

use std::future::Future;

use crate::entry::Written;
use crate::record::{Record, Unreadable, Value};

/// A row, read whole.
pub(crate) struct Plain(pub(crate) Vec<Value>);

impl Record for Plain {
    type Error = Unreadable;

    fn value(&self, column: usize) -> Result<Value, Unreadable> {
        let wanted = "column";
        let found = self.0.get(column).cloned();
        found.ok_or(Unreadable { column, wanted })
    }
}

/// What runs a statement.
pub(crate) trait Rows {
    /// Why that did not work.
    type Fault: From<Unreadable> + From<serde_json::Error>;

    /// The rows of a statement with these values, whose places are `$1`, `$2` and so on.
    fn rows(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Plain>, Self::Fault>>;
}

/// An open transaction.
pub(crate) trait Writes: Rows {
    /// Writes an entry into the log.
    fn log(&self, entry: Written) -> Result<(), Self::Fault>;
}

/// Whether job `j` rests with desired row `w` since before reconciliation `r` began: whatever else is on
/// its way, and is left alone.
macro_rules! rests {
    () => {
        "j.state = 3 AND j.live_at < r.started_at AND NOT w.look_owed"
    };
}
pub(crate) use rests;
