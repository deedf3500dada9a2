//! The envelope: CloudEvents 1.0 in its JSON format.
//!
//! Ensures that the envelope's attributes repeat what the data say, so that a broker can route an event
//! without opening it. Says nothing that is not in the data but where the event is from.

use serde::{Deserialize, Serialize};

use super::casts::{downcast_v1, downcast_v2};
use super::event::{Event, EventV1, EventV2, Form};
use super::schemas;
use crate::ids::EventId;
use crate::time::Timestamp;

/// The media type of one event.
pub const ONE: &str = "application/cloudevents+json";
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

/// Where an event is from, which with its id names it for ever.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// The log of the server with this URL, as the world knows it, without a slash at its end.
    Log(&'a str),
    /// What an installation tells one of its destinations. Made of names that stay when a server moves.
    Destination {
        /// The installation's id.
        installation: &'a str,
        /// The destination's name.
        name: &'a str,
    },
}

impl Origin<'_> {
    fn source(&self) -> String {
        match self {
            Self::Log(server) => format!("{server}/v1/events"),
            Self::Destination { installation, name } => {
                format!("/slugline/{installation}/destinations/{name}")
            }
        }
    }

    fn schema(&self, version: u32) -> String {
        match self {
            Self::Log(server) => format!("{server}/schemas/{}", schemas::name(version)),
            Self::Destination { .. } => schemas::urn(version),
        }
    }
}

impl<D: Form> CloudEvent<D> {
    /// Puts an event into an envelope.
    #[must_use]
    pub fn of(data: D, origin: Origin<'_>) -> Self {
        Self {
            specversion: SPEC.to_owned(),
            id: data.event_id(),
            source: origin.source(),
            kind: format!("{PREFIX}{}", data.kind().as_str()),
            subject: data.content_id().map(str::to_owned),
            time: data.occurred_at(),
            datacontenttype: DATA.to_owned(),
            dataschema: origin.schema(D::VERSION),
            data,
        }
    }
}

/// An event in its envelope, in the version that its reader wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Written {
    /// Version 1.
    V1(CloudEvent<EventV1>),
    /// Version 2.
    V2(CloudEvent<EventV2>),
    /// Version 3, the current one.
    V3(CloudEvent<Event>),
}

impl Written {
    /// The event in this version; `None` where there is no such version.
    #[must_use]
    pub fn of(event: Event, version: u32, origin: Origin<'_>) -> Option<Self> {
        Some(match version {
            1 => Self::V1(CloudEvent::of(downcast_v1(downcast_v2(event)), origin)),
            2 => Self::V2(CloudEvent::of(downcast_v2(event), origin)),
            3 => Self::V3(CloudEvent::of(event, origin)),
            _ => return None,
        })
    }
}
