//! What people oversee the rest with.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use slugline_core::event::LogEntry;
use slugline_engine::store::{
    ContentFilter, EventFilter, Listed, Overviews, Page, Paged, PublishView, Ran, Span, Standing,
    Store, Stored,
};

use super::super::{SqliteStore, read};

impl Overviews for SqliteStore {
    fn recent(&self, filter: EventFilter, page: Page) -> Stored<'_, Paged<LogEntry>> {
        let names = Arc::clone(&self.names);
        let on_disk = self.gauges.synced.log_end.load(Ordering::Acquire);
        Box::pin(self.readers.ask(move |connection| {
            read::events::recent(connection, &names, &filter, &page, on_disk)
        }))
    }

    fn contents(&self, filter: ContentFilter, page: Page) -> Stored<'_, Paged<Listed>> {
        Box::pin(
            self.readers
                .ask(move |connection| read::overviews::contents(connection, &filter, &page)),
        )
    }

    fn standing(&self, owner: &str) -> Stored<'_, Vec<Standing>> {
        let owner = owner.to_owned();
        Box::pin(
            self.readers
                .ask(move |connection| read::overviews::standing(connection, &owner)),
        )
    }

    fn spans(&self, owner: &str, spans: Vec<Span>) -> Stored<'_, Vec<Ran>> {
        let owner = owner.to_owned();
        Box::pin(
            self.readers
                .ask(move |connection| read::overviews::spans(connection, &owner, &spans)),
        )
    }

    fn upcoming(&self, owner: &str, limit: usize) -> Stored<'_, Vec<PublishView>> {
        let (owner, now) = (owner.to_owned(), self.now());
        Box::pin(self.read(move |reading| read::overviews::upcoming(reading, &owner, now, limit)))
    }

    fn slots(&self, owner: &str, span: Span, limit: usize) -> Stored<'_, Vec<PublishView>> {
        let owner = owner.to_owned();
        Box::pin(self.read(move |reading| read::overviews::slots(reading, &owner, span, limit)))
    }
}
