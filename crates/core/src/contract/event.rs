//! What an event says, in each version, and how it is made of an entry of the log.
//!
//! Ensures that an entry always becomes the same event, with an id made of its place in the log. What an
//! entry does not say is null: nothing is looked up or guessed. What a destination is told has an id made of
//! its delivery id.

use std::num::NonZeroU32;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::kind::Kind;
use crate::canonical::Fingerprint;
use crate::event::LogEntry;
use crate::ids::EventId;
use crate::time::Timestamp;
use crate::version::{Generation, Version};

/// The member `schema_version`: always the number of the form that it stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchemaVersion<const N: u32>;

impl<const N: u32> Serialize for SchemaVersion<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(N)
    }
}

impl<'de, const N: u32> Deserialize<'de> for SchemaVersion<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            number if number == N => Ok(Self),
            number => Err(D::Error::custom(format!("must be {N}, is {number}"))),
        }
    }
}

/// What all versions can do: enough to put any into an envelope.
pub trait Form: Serialize + DeserializeOwned {
    /// Its `schema_version`.
    const VERSION: u32;
    /// The members that it has, all of them always.
    const MEMBERS: &'static [&'static str];
    /// Its id.
    fn event_id(&self) -> EventId;
    /// Its type.
    fn kind(&self) -> &Kind;
    /// The item.
    fn content_id(&self) -> Option<&str>;
    /// When.
    fn occurred_at(&self) -> Timestamp;
}

macro_rules! form {
    (
        $(#[$doc:meta])* $name:ident $version:literal
        { $($(#[$about:meta])* $field:ident $word:literal: $type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            $($(#[$about])* #[serde(rename = $word)] pub $field: $type,)*
            /// The version of this form.
            pub schema_version: SchemaVersion<$version>,
        }

        impl Form for $name {
            const VERSION: u32 = $version;
            const MEMBERS: &'static [&'static str] = &[$($word,)* "schema_version"];

            fn event_id(&self) -> EventId {
                self.event_id
            }

            fn kind(&self) -> &Kind {
                &self.kind
            }

            fn content_id(&self) -> Option<&str> {
                self.content_id.as_deref()
            }

            fn occurred_at(&self) -> Timestamp {
                self.occurred_at
            }
        }
    };
}

form! {
    /// An event of version 1.
    EventV1 1 {
        /// Its place in the log.
        event_id "event_id": EventId,
        /// What happened.
        kind "type": Kind,
        /// The item; `None` where it is about none.
        content_id "content_id": Option<String>,
        /// The producer's version.
        version "version": Option<Version>,
        /// The key of the request that it belongs to.
        idempotency_key "idempotency_key": Option<String>,
        /// Which run of a job.
        attempt "attempt": Option<NonZeroU32>,
        /// When, by the store's clock.
        occurred_at "occurred_at": Timestamp,
        /// Who caused it: `token:NAME`, `source:NAME`, `engine`.
        source "source": String,
    }
}

form! {
    /// An event of version 2.
    EventV2 2 {
        /// Its place in the log.
        event_id "event_id": EventId,
        /// What happened.
        kind "type": Kind,
        /// The item; `None` where it is about none.
        content_id "content_id": Option<String>,
        /// The producer's version.
        version "version": Option<Version>,
        /// The key of the request that it belongs to.
        idempotency_key "idempotency_key": Option<String>,
        /// Which run of a job.
        attempt "attempt": Option<NonZeroU32>,
        /// When, by the store's clock.
        occurred_at "occurred_at": Timestamp,
        /// Who caused it: `token:NAME`, `source:NAME`, `engine`.
        source "source": String,
        /// Why: a reason code of a failure, a sentence for what was ignored.
        reason "reason": Option<String>,
        /// The item's environment.
        environment "environment": Option<String>,
        /// The item's locale; `*` for a removal in all of them.
        locale "locale": Option<String>,
        /// The one destination that it is about.
        destination "destination": Option<String>,
        /// The order to compare by: a rollback has an older version and a newer generation.
        generation "generation": Option<Generation>,
    }
}

form! {
    /// An event of version 3, the current one.
    Event 3 {
        /// Its name: its place in the log, or made of what a destination is told.
        event_id "event_id": EventId,
        /// What happened.
        kind "type": Kind,
        /// The item; `None` where it is about none.
        content_id "content_id": Option<String>,
        /// The producer's version.
        version "version": Option<Version>,
        /// The key of the request that it belongs to.
        idempotency_key "idempotency_key": Option<String>,
        /// Which run of a job.
        attempt "attempt": Option<NonZeroU32>,
        /// When, by the store's clock.
        occurred_at "occurred_at": Timestamp,
        /// Who caused it: `token:NAME`, `source:NAME`, `engine`.
        source "source": String,
        /// Why: a reason code of a failure, a sentence for what was ignored.
        reason "reason": Option<String>,
        /// The item's environment.
        environment "environment": Option<String>,
        /// The item's locale; `*` for a removal in all of them.
        locale "locale": Option<String>,
        /// The one destination that it is about.
        destination "destination": Option<String>,
        /// The order to compare by: a rollback has an older version and a newer generation.
        generation "generation": Option<Generation>,
        /// The content, where the event brings it along: the log keeps none.
        payload "payload": Option<Map<String, Value>>,
    }
}

/// The name of what is told under this delivery id, which stays when it is told again: 63 bits of its digest,
/// beyond accident for as long as a receiver remembers. It says nothing of an order.
#[must_use]
pub fn told_as(delivery_id: &str) -> EventId {
    let digest = Fingerprint::of_bytes(delivery_id.as_bytes()).0;
    let number = digest
        .iter()
        .take(8)
        .fold(0_i64, |number, byte| (number << 8) | i64::from(*byte));
    EventId(number & i64::MAX)
}

/// The event that an entry of the log is.
#[must_use]
pub fn from_log(entry: &LogEntry) -> Event {
    Event {
        event_id: EventId(entry.seq),
        kind: entry.kind.into(),
        content_id: said(&entry.content_id),
        version: detail(entry, "version"),
        idempotency_key: said(&entry.request_id),
        attempt: detail(entry, "attempt"),
        occurred_at: entry.at,
        source: entry.actor.clone(),
        reason: detail(entry, "reason"),
        environment: detail(entry, "environment"),
        locale: detail(entry, "locale"),
        destination: detail(entry, "destination"),
        generation: detail(entry, "generation"),
        payload: None,
        schema_version: SchemaVersion,
    }
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A detail; one of another kind than the contract has is not told.
fn detail<T: DeserializeOwned>(entry: &LogEntry, name: &str) -> Option<T> {
    T::deserialize(entry.detail.get(name)?).ok()
}
