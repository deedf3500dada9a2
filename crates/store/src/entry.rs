//! What is written into the log.
//!
//! Ensures that an entry says the same whatever keeps it. Does not number or keep it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use slugline_core::event::{EventType, LogEntry, stored_text};
use slugline_core::failure::Failure;
use slugline_core::ids::PublishId;
use slugline_core::item::ItemKey;
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
    publish: Option<PublishId>,
    log: LogEntry,
    key: &'a ItemKey,
}

impl<'a> Entry<'a> {
    /// An entry about an item.
    pub(crate) fn new(
        at: &impl Dated,
        kind: EventType,
        outcome: &str,
        item: i64,
        key: &'a ItemKey,
    ) -> Self {
        let log = LogEntry {
            seq: 0,
            kind,
            at: at.now(),
            actor: ENGINE.into(),
            outcome: outcome.into(),
            request_id: String::new(),
            content_id: key.content_id.clone(),
            downstream_ids: BTreeMap::new(),
            detail: BTreeMap::new(),
        };
        Self {
            item,
            publish: None,
            log,
            key,
        }
    }

    /// An entry about a job.
    pub(crate) fn of_job(at: &impl Dated, kind: EventType, outcome: &str, job: &'a JobRow) -> Self {
        Self::new(at, kind, outcome, job.item, &job.key)
            .publish(job.publish, &job.request_id)
            .detail("job_id", job.id)
            .detail("destination", &job.destination_name)
            .detail("generation", job.generation)
            .detail("version", job.version)
    }

    /// Belongs to a publish.
    pub(crate) fn publish(mut self, publish: PublishId, request_id: &str) -> Self {
        self.publish = Some(publish);
        self.log.request_id = request_id.into();
        self.detail("publish_id", publish)
    }

    /// Belongs to a request that became no publish.
    pub(crate) fn request(mut self, request_id: &str) -> Self {
        self.log.request_id = request_id.into();
        self
    }

    /// Somebody asked for it.
    pub(crate) fn actor(mut self, actor: &str) -> Self {
        self.log.actor = actor.into();
        self
    }

    /// Names the destination's ids.
    pub(crate) fn downstream(mut self, ids: BTreeMap<String, String>) -> Self {
        self.log.downstream_ids = ids;
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
    pub(crate) fn detail(mut self, name: &str, value: impl Serialize) -> Self {
        self.log.detail.insert(name.into(), json!(value));
        self
    }

    /// As it is kept.
    pub(crate) fn finish(mut self) -> Written {
        for (name, value) in [
            ("owner", &self.key.owner),
            ("environment", &self.key.environment),
            ("locale", &self.key.locale),
        ] {
            let value = Value::String(value.clone());
            self.log.detail.insert(name.into(), value);
        }
        // Entries of a publish are found through it; only the others need their request here.
        let request_id = self.publish.is_none().then(|| self.log.request_id.clone());
        Written {
            at: self.log.at,
            item: self.item,
            publish: self.publish,
            request_id: request_id.filter(|id| !id.is_empty()),
            text: stored_text(&self.log),
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
