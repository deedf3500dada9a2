//! What people do.

use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Problem;
use slugline_core::version::Generation;
use slugline_engine::store::{Desk, JobOrder, NewNote, NoteView, Stored};

use super::super::{SqliteStore, notes, operator};

impl Desk for SqliteStore {
    fn act(&self, orders: Vec<JobOrder>) -> Stored<'_, Vec<Result<JobState, Problem>>> {
        Box::pin(self.writer.submit(move |tx| operator::act(tx, &orders)))
    }

    fn write_note(&self, note: NewNote) -> Stored<'_, bool> {
        Box::pin(self.writer.submit(move |tx| notes::add(tx, &note)))
    }

    fn notes(&self, owner: &str, content_id: &str, limit: usize) -> Stored<'_, Vec<NoteView>> {
        let (owner, content_id) = (owner.to_owned(), content_id.to_owned());
        Box::pin(self.read(move |reading| {
            notes::list(
                reading.connection,
                reading.names,
                (&owner, &content_id),
                limit,
            )
        }))
    }

    fn last_good(
        &self,
        item: &ItemKey,
        destination: &str,
        below: Generation,
    ) -> Stored<'_, Option<Generation>> {
        let (item, destination) = (item.clone(), destination.to_owned());
        Box::pin(self.read(move |reading| {
            operator::last_good(
                reading.connection,
                reading.names,
                &item,
                &destination,
                below,
            )
        }))
    }
}
