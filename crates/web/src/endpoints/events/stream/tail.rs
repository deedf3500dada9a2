//! Where the log ends, for all streams of a node.
//!
//! Ensures that the store is asked once for all of them. What one hears may be as old as [`FRESH`].

use std::time::Duration;

use slugline_engine::store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// For so long an answer is good for others too; less than the pause of a stream that waits.
const FRESH: Duration = Duration::from_millis(100);

/// Where the log ended when it was last asked for.
#[derive(Default)]
pub(crate) struct Tail(Mutex<Option<(Instant, i64)>>);

impl Tail {
    /// The place of its last entry.
    pub(crate) async fn end(&self, store: &dyn Store) -> Result<i64, StoreError> {
        let mut last = self.0.lock().await;
        if let Some((asked, end)) = *last
            && asked.elapsed() < FRESH
        {
            return Ok(end);
        }
        let asked = Instant::now();
        let end = store.log_end().await?;
        *last = Some((asked, end));
        Ok(end)
    }
}
