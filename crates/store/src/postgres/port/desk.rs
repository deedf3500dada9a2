//! What people do.

use std::sync::Arc;

use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Problem;
use slugline_core::version::Generation;
use slugline_engine::store::{Desk, Erased, Erasure, JobOrder, NewNote, NoteView, Store, Stored};

use super::super::{PostgresStore, erase, notes, operator};

impl Desk for PostgresStore {
    fn act(&self, orders: Vec<JobOrder>) -> Stored<'_, Vec<Result<JobState, Problem>>> {
        let orders = Arc::new(orders);
        self.change(move |session, times| {
            let orders = Arc::clone(&orders);
            Box::pin(async move { operator::act(session, times, &orders).await })
        })
    }

    fn write_note(&self, note: NewNote) -> Stored<'_, bool> {
        let note = Arc::new(note);
        self.change(move |session, times| {
            let note = Arc::clone(&note);
            Box::pin(async move { notes::add(session, times, &note).await })
        })
    }

    fn notes(&self, owner: &str, content_id: &str, limit: usize) -> Stored<'_, Vec<NoteView>> {
        let named = Arc::new((owner.to_owned(), content_id.to_owned()));
        self.ask(move |session| {
            let named = Arc::clone(&named);
            Box::pin(async move { notes::list(session, &named.0, &named.1, limit).await })
        })
    }

    fn last_good(
        &self,
        item: &ItemKey,
        destination: &str,
        below: Generation,
    ) -> Stored<'_, Option<Generation>> {
        let named = Arc::new((item.clone(), destination.to_owned()));
        self.ask(move |session| {
            let named = Arc::clone(&named);
            Box::pin(async move { operator::last_good(session, &named.0, &named.1, below).await })
        })
    }

    fn erase(&self, erasure: Erasure) -> Stored<'_, Result<Erased, Problem>> {
        let (erasure, now) = (Arc::new(erasure), self.now());
        self.ask(move |session| {
            let erasure = Arc::clone(&erasure);
            Box::pin(async move { erase::erase(session, now, &erasure).await })
        })
    }
}
