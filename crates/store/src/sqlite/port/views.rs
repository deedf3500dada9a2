//! What the store shows.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use slugline_core::event::LogEntry;
use slugline_core::ids::{JobId, PublishId, WebhookId};
use slugline_engine::store::{
    ContentView, Counts, DeadLetter, DeadLetterFilter, EventFilter, JobDetail, Page, Paged,
    PublishFilter, PublishView, RawRequest, RevisionView, Stored, Views, WebhookDetail,
    WebhookFilter, WebhookView,
};

use super::super::{SqliteStore, read, webhooks};

impl Views for SqliteStore {
    fn publish(&self, owner: &str, id: &str) -> Stored<'_, Option<PublishView>> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        Box::pin(self.read(move |reading| read::publishes::one(reading, &owner, &id)))
    }

    fn raw_request(&self, owner: &str, publish: PublishId) -> Stored<'_, Option<RawRequest>> {
        let owner = owner.to_owned();
        Box::pin(self.read(move |reading| read::publishes::raw(reading, &owner, publish)))
    }

    fn publishes(&self, filter: PublishFilter, page: Page) -> Stored<'_, Paged<PublishView>> {
        Box::pin(self.read(move |reading| read::publishes::list(reading, &filter, &page)))
    }

    fn content(&self, owner: &str, content_id: &str) -> Stored<'_, Vec<ContentView>> {
        let (owner, content_id) = (owner.to_owned(), content_id.to_owned());
        Box::pin(self.read(move |reading| read::content::of(reading, &owner, &content_id)))
    }

    fn revisions(
        &self,
        owner: &str,
        content_id: &str,
        page: Page,
    ) -> Stored<'_, Paged<RevisionView>> {
        let (owner, content_id) = (owner.to_owned(), content_id.to_owned());
        Box::pin(
            self.read(move |reading| read::content::revisions(reading, &owner, &content_id, &page)),
        )
    }

    fn job(&self, owner: &str, id: JobId) -> Stored<'_, Option<JobDetail>> {
        let owner = owner.to_owned();
        Box::pin(self.read(move |reading| read::jobs::detail(reading, &owner, id)))
    }

    fn dead_letters(&self, filter: DeadLetterFilter, page: Page) -> Stored<'_, Paged<DeadLetter>> {
        Box::pin(self.read(move |reading| read::dead_letters::list(reading, &filter, &page)))
    }

    fn events(&self, filter: EventFilter, page: Page) -> Stored<'_, Paged<LogEntry>> {
        let names = Arc::clone(&self.names);
        // A power cut must not take back what a reader was shown: its place would be given again.
        let on_disk = self.gauges.synced.log_end.load(Ordering::Acquire);
        Box::pin(
            self.readers.ask(move |connection| {
                read::events::list(connection, &names, &filter, &page, on_disk)
            }),
        )
    }

    fn log_end(&self) -> Stored<'_, i64> {
        let on_disk = self.gauges.synced.log_end.load(Ordering::Acquire);
        Box::pin(async move { Ok(on_disk) })
    }

    fn counts(&self) -> Stored<'_, Counts> {
        Box::pin(self.readers.ask(read::counts::read))
    }

    fn webhook(&self, owner: &str, id: WebhookId) -> Stored<'_, Option<WebhookDetail>> {
        let owner = owner.to_owned();
        Box::pin(
            self.readers
                .ask(move |connection| webhooks::one(connection, &owner, id)),
        )
    }

    fn webhooks(&self, filter: WebhookFilter, page: Page) -> Stored<'_, Paged<WebhookView>> {
        Box::pin(
            self.readers
                .ask(move |connection| webhooks::list(connection, &filter, &page)),
        )
    }
}
