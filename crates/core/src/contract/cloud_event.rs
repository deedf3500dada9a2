//! The envelope: CloudEvents 1.0 in its JSON format.
//!
//! Ensures that the envelope's attributes repeat what the data say, so that a broker can route an event
//! without opening it. Says nothing that is not in the data but where the event is from.

use serde::{Deserialize, Serialize};

use super::event::Form;
use super::schemas;
use crate::ids::EventId;
use crate::time::Timestamp;

/// The media type of a list of events.
pub const BATCH: &str = "application/cloudevents-batch+json";
/// The version of CloudEvents.
pub(super) const SPEC: &str = "1.0";
/// The media type of the data.
pub(super) const DATA: &str = "application/json";
/// What the envelope's `type` begins with, so that it is not taken for another program's.
pub(super) const PREFIX: &str = "slugline.";
/// The attributes that each envelope has; others may come on the way.
pub(super) const ATTRIBUTES: [&str; 8] = [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "datacontenttype",
    "dataschema",
    "data",
];

/// An event in its envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudEvent<D> {
    pub(super) specversion: String,
    pub(super) id: EventId,
    pub(super) source: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    pub(super) time: Timestamp,
    pub(super) datacontenttype: String,
    pub(super) dataschema: String,
    pub(super) data: D,
}

impl<D: Form> CloudEvent<D> {
    /// Puts an event into an envelope. `server`: the server's URL as the world knows it, without a slash at its
    /// end.
    #[must_use]
    pub fn of(data: D, server: &str) -> Self {
        Self {
            specversion: SPEC.to_owned(),
            id: data.event_id(),
            source: format!("{server}/v1/events"),
            kind: format!("{PREFIX}{}", data.kind().as_str()),
            subject: data.content_id().map(str::to_owned),
            time: data.occurred_at(),
            datacontenttype: DATA.to_owned(),
            dataschema: format!("{server}/schemas/{}", schemas::name(D::VERSION)),
            data,
        }
    }
}
