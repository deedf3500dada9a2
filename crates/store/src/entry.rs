//! What is written into the log.
//!
//! Ensures that an entry says the same whatever keeps it. Does not number or keep it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use slugline_core::event::{EventType, Stored};
use slugline_core::failure::Failure;
use slugline_core::ids::PublishId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::time::Timestamp;

use crate::job::JobRow;

/// Who acts when nobody asked: the engine's caretakers and runs.
pub(crate) const ENGINE: &str = "engine";

/// What happens at a time of the store's clock.
pub(crate) trait Dated {
    /// That time.
    fn now(&self) -> Timestamp;
}

/// An entry that is being written.
pub(crate) struct Entry<'a> {
    item: i64,
    key: &'a ItemKey,
    publish: Option<PublishId>,
    kind: EventType,
    at: Timestamp,
    actor: &'a str,
    outcome: &'a str,
    request_id: &'a str,
    downstream_ids: BTreeMap<String, String>,
    detail: BTreeMap<&'static str, Value>,
}

impl<'a> Entry<'a> {
    /// An entry about an item.
    pub(crate) fn new(
        at: &impl Dated,
        kind: EventType,
        outcome: &'a str,
        item: i64,
        key: &'a ItemKey,
    ) -> Self {
        Self {
            item,
            key,
            publish: None,
            kind,
            at: at.now(),
            actor: ENGINE,
            outcome,
            request_id: "",
            downstream_ids: BTreeMap::new(),
            detail: BTreeMap::new(),
        }
    }

    /// An entry about a job. While a run has it, it says which run that is.
    pub(crate) fn of_job(
        at: &impl Dated,
        kind: EventType,
        outcome: &'a str,
        job: &'a JobRow,
    ) -> Self {
        let run = (job.state == JobState::Delivering).then_some(job.attempts);
        let entry = Self::new(at, kind, outcome, job.item, &job.key)
            .publish(job.publish, &job.request_id)
            .detail("job_id", job.id)
            .detail("destination", &job.destination_name)
            .detail("generation", job.generation)
            .detail("version", job.version);
        match run {
            Some(attempt) => entry.detail("attempt", attempt),
            None => entry,
        }
    }

    /// Belongs to a publish.
    pub(crate) fn publish(mut self, publish: PublishId, request_id: &'a str) -> Self {
        self.publish = Some(publish);
        self.request_id = request_id;
        self.detail("publish_id", publish)
    }

    /// Belongs to a request that became no publish.
    pub(crate) fn request(mut self, request_id: &'a str) -> Self {
        self.request_id = request_id;
        self
    }

    /// Somebody asked for it.
    pub(crate) fn actor(mut self, actor: &'a str) -> Self {
        self.actor = actor;
        self
    }

    /// Names the destination's ids.
    pub(crate) fn downstream(mut self, ids: BTreeMap<String, String>) -> Self {
        self.downstream_ids = ids;
        self
    }

    /// Says why.
    pub(crate) fn failure(self, failure: Option<&Failure>) -> Self {
        match failure {
            Some(failure) => self
                .detail("reason", failure.reason)
                .detail("message", &failure.message),
            None => self,
        }
    }

    /// Adds a detail.
    pub(crate) fn detail(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.detail.insert(name, json!(value));
        self
    }

    /// As it is kept.
    pub(crate) fn finish(mut self) -> Written {
        for (name, value) in [
            ("owner", &self.key.owner),
            ("environment", &self.key.environment),
            ("locale", &self.key.locale),
        ] {
            // What belongs to no locale says none.
            if value.is_empty() {
                continue;
            }
            self.detail.insert(name, Value::String(value.clone()));
        }
        // Entries of a publish are found through it; only the others need their request here.
        let is_found_by_request = self.publish.is_none() && !self.request_id.is_empty();
        let stored = Stored {
            actor: self.actor,
            at: self.at,
            content_id: &self.key.content_id,
            detail: &self.detail,
            downstream_ids: &self.downstream_ids,
            outcome: self.outcome,
            request_id: self.request_id,
            kind: self.kind,
        };
        Written {
            at: self.at,
            item: self.item,
            publish: self.publish,
            request_id: is_found_by_request.then(|| self.request_id.to_owned()),
            text: stored.text(),
        }
    }
}

/// An entry with what it is found by.
pub(crate) struct Written {
    /// When.
    pub(crate) at: Timestamp,
    /// Its item's number.
    pub(crate) item: i64,
    /// Its publish.
    pub(crate) publish: Option<PublishId>,
    /// Its request, where it has no publish.
    pub(crate) request_id: Option<String>,
    /// What is hashed and shown.
    pub(crate) text: String,
}
