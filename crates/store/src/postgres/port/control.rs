//! Pauses.

use std::sync::Arc;

use slugline_core::pause::Pausable;
use slugline_engine::store::{Control, Pause, PauseOrder, Stored};

use super::super::{PostgresStore, pauses};

impl Control for PostgresStore {
    fn pause(&self, order: PauseOrder) -> Stored<'_, Option<Pause>> {
        let order = Arc::new(order);
        self.change(move |session, times| {
            let order = Arc::clone(&order);
            Box::pin(async move { pauses::begin(session, times, &order).await })
        })
    }

    fn resume(&self, of: Pausable, actor: String) -> Stored<'_, bool> {
        let asked = Arc::new((of, actor));
        self.change(move |session, times| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { pauses::end(session, times, &asked.0, &asked.1).await })
        })
    }

    fn pauses(&self, owner: Option<String>) -> Stored<'_, Vec<Pause>> {
        let owner: Option<Arc<str>> = owner.map(Into::into);
        self.ask(move |session| {
            let owner = owner.clone();
            Box::pin(async move { pauses::list(session, owner.as_deref()).await })
        })
    }
}
