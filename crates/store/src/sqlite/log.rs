//! Writing the log.
//!
//! Ensures that every change of state has an entry in the same transaction, numbered in the order of
//! commits without gaps (P8). Sealing is in `seal`, checking in `verify`.

use std::collections::BTreeMap;

use rusqlite::params;
use serde::Serialize;
use serde_json::{Value, json};
use slugline_core::event::{EventType, LogEntry, stored_text};
use slugline_core::failure::Failure;
use slugline_core::ids::PublishId;
use slugline_core::item::ItemKey;

use super::fault::Done;
use super::jobs::JobRow;
use super::statements::Statements;
use super::tx::Tx;

/// Who acts when nobody asked: the engine's caretakers and runs.
pub(crate) const ENGINE: &str = "engine";

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
        tx: &Tx<'_>,
        kind: EventType,
        outcome: &str,
        item: i64,
        key: &'a ItemKey,
    ) -> Self {
        let log = LogEntry {
            seq: 0,
            kind,
            at: tx.now,
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
    pub(crate) fn of_job(tx: &Tx<'_>, kind: EventType, outcome: &str, job: &'a JobRow) -> Self {
        Self::new(tx, kind, outcome, job.item, &job.key)
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

    /// Writes it.
    pub(crate) fn write(mut self, tx: &Tx<'_>) -> Done<()> {
        for (name, value) in [
            ("owner", &self.key.owner),
            ("environment", &self.key.environment),
            ("locale", &self.key.locale),
        ] {
            self.log
                .detail
                .insert(name.into(), Value::String(value.clone()));
        }
        // Entries of a publish are found through it; only the others need their request here.
        let request = self
            .publish
            .is_none()
            .then_some(self.log.request_id.as_str())
            .filter(|id| !id.is_empty());
        let sql = "INSERT INTO event (seq, at, item, publish, request_id, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let publish = self.publish.map(|publish| publish.0);
        tx.run(
            sql,
            params![
                tx.take_seq(),
                tx.now.0,
                self.item,
                publish,
                request,
                stored_text(&self.log)
            ],
        )?;
        Ok(())
    }
}
