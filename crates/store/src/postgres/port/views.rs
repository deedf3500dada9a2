//! What the store shows.

use std::sync::Arc;

use slugline_core::event::LogEntry;
use slugline_core::ids::{JobId, PublishId, WebhookId};
use slugline_engine::store::{
    ContentView, Counts, DeadLetter, DeadLetterFilter, EventFilter, JobDetail, Page, Paged,
    PublishFilter, PublishView, RawRequest, RevisionView, Stored, Views, WebhookDetail,
    WebhookFilter, WebhookView,
};

use super::super::{PostgresStore, read, sequencer, webhooks};

impl Views for PostgresStore {
    fn publish(&self, owner: &str, id: &str) -> Stored<'_, Option<PublishView>> {
        let named = Arc::new((owner.to_owned(), id.to_owned()));
        self.probe(move |session| {
            let named = Arc::clone(&named);
            Box::pin(async move { read::publishes::one(session, &named.0, &named.1).await })
        })
    }

    fn raw_request(&self, owner: &str, publish: PublishId) -> Stored<'_, Option<RawRequest>> {
        let owner: Arc<str> = owner.into();
        self.ask(move |session| {
            let owner = Arc::clone(&owner);
            Box::pin(async move { read::publishes::raw(session, &owner, publish).await })
        })
    }

    fn publishes(&self, filter: PublishFilter, page: Page) -> Stored<'_, Paged<PublishView>> {
        let asked = Arc::new((filter, page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { read::publishes::list(session, &asked.0, &asked.1).await })
        })
    }

    fn content(&self, owner: &str, content_id: &str) -> Stored<'_, Vec<ContentView>> {
        let named = Arc::new((owner.to_owned(), content_id.to_owned()));
        self.ask(move |session| {
            let named = Arc::clone(&named);
            Box::pin(async move { read::content::of(session, &named.0, &named.1).await })
        })
    }

    fn revisions(
        &self,
        owner: &str,
        content_id: &str,
        page: Page,
    ) -> Stored<'_, Paged<RevisionView>> {
        let asked = Arc::new((owner.to_owned(), content_id.to_owned(), page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                let (owner, content_id, page) = &*asked;
                read::content::revisions(session, owner, content_id, page).await
            })
        })
    }

    fn job(&self, owner: &str, id: JobId) -> Stored<'_, Option<JobDetail>> {
        let owner: Arc<str> = owner.into();
        self.ask(move |session| {
            let owner = Arc::clone(&owner);
            Box::pin(async move { read::jobs::detail(session, &owner, id).await })
        })
    }

    fn dead_letters(&self, filter: DeadLetterFilter, page: Page) -> Stored<'_, Paged<DeadLetter>> {
        let asked = Arc::new((filter, page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { read::dead_letters::list(session, &asked.0, &asked.1).await })
        })
    }

    fn events(&self, filter: EventFilter, page: Page) -> Stored<'_, Paged<LogEntry>> {
        let asked = Arc::new((filter, page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { read::events::list(session, &asked.0, &asked.1).await })
        })
    }

    fn log_end(&self) -> Stored<'_, i64> {
        self.probe(|session| Box::pin(sequencer::end(session)))
    }

    fn counts(&self) -> Stored<'_, Counts> {
        self.ask(|session| Box::pin(read::counts::read(session)))
    }

    fn webhook(&self, owner: &str, id: WebhookId) -> Stored<'_, Option<WebhookDetail>> {
        let owner: Arc<str> = owner.into();
        self.ask(move |session| {
            let owner = Arc::clone(&owner);
            Box::pin(async move { webhooks::one(session, &owner, id).await })
        })
    }

    fn webhooks(&self, filter: WebhookFilter, page: Page) -> Stored<'_, Paged<WebhookView>> {
        let asked = Arc::new((filter, page));
        self.ask(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { webhooks::list(session, &asked.0, &asked.1).await })
        })
    }
}
