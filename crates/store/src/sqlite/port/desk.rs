//! What people do.

use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Problem;
use slugline_core::version::Generation;
use slugline_engine::store::{Desk, Erased, Erasure, JobOrder, NewNote, NoteView, Stored};

use super::super::{SqliteStore, erase, files, notes, operator};

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

    fn erase(&self, erasure: Erasure) -> Stored<'_, Result<Erased, Problem>> {
        Box::pin(async move {
            let _alone = self.media.lock().await;
            let done = self.writer.submit(move |tx| erase::erase(tx, &erasure));
            let done = match done.await? {
                Ok(done) => done,
                Err(problem) => return Ok(Err(problem)),
            };
            let (root, file) = (self.directory.root().to_owned(), self.directory.database());
            let bytes = self.readers.run(move |_| {
                let remove = |sha256: &String| files::remove(&root, sha256);
                done.media.iter().try_for_each(remove)?;
                erase::empty_wal(&file).map(|()| done.erased)
            });
            bytes.await.map(Ok)
        })
    }
}
