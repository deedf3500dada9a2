//! Pauses.

use slugline_core::pause::Pausable;
use slugline_engine::store::{Control, Pause, PauseOrder, Stored};

use super::super::orders::Haste;
use super::super::tx::Tx;
use super::super::{SqliteStore, pauses};

impl Control for SqliteStore {
    fn pause(&self, order: PauseOrder) -> Stored<'_, Option<Pause>> {
        // Whoever stops something does so in a hurry.
        let work = move |tx: &Tx<'_>| pauses::begin(tx, &order);
        Box::pin(self.writer.submit_with(Haste::First, work))
    }

    fn resume(&self, of: Pausable, actor: String) -> Stored<'_, bool> {
        Box::pin(self.writer.submit(move |tx| pauses::end(tx, &of, &actor)))
    }

    fn pauses(&self, owner: Option<String>) -> Stored<'_, Vec<Pause>> {
        Box::pin(
            self.readers
                .ask(move |connection| pauses::list(connection, owner.as_deref())),
        )
    }
}
