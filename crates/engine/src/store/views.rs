//! What the store shows: to people, to the API and to metrics.
//!
//! Ensures that reading is apart from writing: nothing here changes anything. The shapes are in `read`.

use slugline_core::event::LogEntry;
use slugline_core::ids::{JobId, PublishId, WebhookId};

use super::{
    ContentView, Counts, DeadLetter, DeadLetterFilter, EventFilter, JobDetail, Page, Paged,
    PublishFilter, PublishView, RawRequest, RevisionView, Stored, WebhookDetail, WebhookFilter,
    WebhookView,
};

/// The part of the memory that is looked at.
pub trait Views: Send + Sync {
    /// A publish by its id, or the newest with this request id, within an owner.
    fn publish(&self, owner: &str, id: &str) -> Stored<'_, Option<PublishView>>;

    /// The request of a publish as it came, within an owner; `None` once it is no longer kept.
    fn raw_request(&self, owner: &str, publish: PublishId) -> Stored<'_, Option<RawRequest>>;

    /// Publishes, newest first.
    fn publishes(&self, filter: PublishFilter, page: Page) -> Stored<'_, Paged<PublishView>>;

    /// An item with what is live where, in all environments and locales.
    fn content(&self, owner: &str, content_id: &str) -> Stored<'_, Vec<ContentView>>;

    /// Its revisions, newest first.
    fn revisions(
        &self,
        owner: &str,
        content_id: &str,
        page: Page,
    ) -> Stored<'_, Paged<RevisionView>>;

    /// A job with its attempts and effects.
    fn job(&self, owner: &str, id: JobId) -> Stored<'_, Option<JobDetail>>;

    /// Dead letters, newest first: failed jobs whose place no newer generation has taken.
    fn dead_letters(&self, filter: DeadLetterFilter, page: Page) -> Stored<'_, Paged<DeadLetter>>;

    /// Log entries after a cursor, oldest first. An entry that is visible has all earlier ones
    /// visible; it becomes visible soon after its operation, at the latest with the next `seal`.
    fn events(&self, filter: EventFilter, page: Page) -> Stored<'_, Paged<LogEntry>>;

    /// The place of the last entry that is visible, 0 in an empty log. Cheap: those who follow the log ask often.
    fn log_end(&self) -> Stored<'_, i64>;

    /// Counts by destination, class and state, for metrics.
    fn counts(&self) -> Stored<'_, Counts>;

    /// A webhook as it came.
    fn webhook(&self, owner: &str, id: WebhookId) -> Stored<'_, Option<WebhookDetail>>;

    /// Webhooks, newest first.
    fn webhooks(&self, filter: WebhookFilter, page: Page) -> Stored<'_, Paged<WebhookView>>;
}
