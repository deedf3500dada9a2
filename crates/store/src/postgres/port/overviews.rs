//! What people oversee the rest with.

use std::sync::Arc;

use slugline_core::event::LogEntry;
use slugline_engine::store::{
    ContentFilter, EventFilter, Listed, Overviews, Page, Paged, PublishView, Ran, Span, Standing,
    Store, Stored,
};

use super::super::{PostgresStore, read};
use super::rows;

impl Overviews for PostgresStore {
    fn recent(&self, filter: EventFilter, page: Page) -> Stored<'_, Paged<LogEntry>> {
        let asked = Arc::new((filter, page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { read::events::recent(session, &asked.0, &asked.1).await })
        })
    }

    fn contents(&self, filter: ContentFilter, page: Page) -> Stored<'_, Paged<Listed>> {
        let asked = Arc::new((filter, page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { read::overviews::contents(session, &asked.0, &asked.1).await })
        })
    }

    fn standing(&self, owner: &str) -> Stored<'_, Vec<Standing>> {
        let owner: Arc<str> = owner.into();
        self.ask(move |session| {
            let owner = Arc::clone(&owner);
            Box::pin(async move { read::overviews::standing(session, &owner).await })
        })
    }

    fn spans(&self, owner: &str, spans: Vec<Span>) -> Stored<'_, Vec<Ran>> {
        let asked = Arc::new((owner.to_owned(), spans));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { read::overviews::spans(session, &asked.0, &asked.1).await })
        })
    }

    fn upcoming(&self, owner: &str, limit: usize) -> Stored<'_, Vec<PublishView>> {
        let (owner, now, limit): (Arc<str>, _, _) = (owner.into(), self.now(), rows(limit));
        self.ask(move |session| {
            let owner = Arc::clone(&owner);
            Box::pin(async move { read::overviews::upcoming(session, &owner, now, limit).await })
        })
    }

    fn slots(&self, owner: &str, span: Span, limit: usize) -> Stored<'_, Vec<PublishView>> {
        let (owner, limit): (Arc<str>, _) = (owner.into(), rows(limit));
        self.ask(move |session| {
            let owner = Arc::clone(&owner);
            Box::pin(async move { read::overviews::slots(session, &owner, span, limit).await })
        })
    }
}
