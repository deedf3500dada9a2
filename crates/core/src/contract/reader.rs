//! Reading an event of any version.
//!
//! Ensures that what is read is whole and agrees with its envelope, that a complaint names the place by its
//! path, and that a version from the future is called one. Attributes that were added to the envelope on the
//! way are passed over, as CloudEvents wants it; members of the data that the version does not have are not.

use serde_json::{Map, Value};

use super::casts::{upcast_v1, upcast_v2};
use super::cloud_event::{ATTRIBUTES, CloudEvent, DATA, PREFIX, SPEC};
use super::event::{Event, EventV1, EventV2, Form};
use super::{CURRENT, VERSIONS};
use crate::problem::FieldError;

/// An event that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The log, or the destination, that it is from; with the event's id it names the event for ever.
    pub source: String,
    /// The version that it was written as.
    pub schema_version: u32,
    /// What it says, in the current version.
    pub event: Event,
}

/// Reads one event in its envelope. What is wrong first is said; there may be more.
pub fn read(json: &[u8]) -> Result<Received, FieldError> {
    let value: Value = serde_json::from_slice(json).map_err(|why| wrong("(body)", why))?;
    let envelope = object(&value, "(body)")?;
    if let Some(spec) = envelope.get("specversion").filter(|spec| *spec != SPEC) {
        let message = format!("CloudEvents {spec} is not known here; {SPEC} is");
        return Err(FieldError::new("specversion", message));
    }
    complete(envelope, &ATTRIBUTES, "")?;
    let data = object(envelope.get("data").unwrap_or(&Value::Null), "data")?;
    match version(data)? {
        1 => open::<EventV1>(&value, data)
            .map(|found| received(found, |old| upcast_v2(upcast_v1(old)))),
        2 => open::<EventV2>(&value, data).map(|found| received(found, upcast_v2)),
        3 => open::<Event>(&value, data).map(|found| received(found, |event| event)),
        other => Err(unknown(&other)),
    }
}

fn received<D: Form>(found: CloudEvent<D>, current: impl Fn(D) -> Event) -> Received {
    Received {
        source: found.source,
        schema_version: D::VERSION,
        event: current(found.data),
    }
}

fn wrong(path: &str, why: impl ToString) -> FieldError {
    FieldError::new(path, why.to_string())
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, FieldError> {
    match value {
        Value::Object(members) => Ok(members),
        Value::Array(_) if path == "(body)" => {
            Err(wrong(path, "is a batch: read its events one by one"))
        }
        _ => Err(wrong(path, "must be a JSON object")),
    }
}

fn version(data: &Map<String, Value>) -> Result<u64, FieldError> {
    match data.get("schema_version") {
        None => Err(wrong("data.schema_version", "is missing")),
        Some(said) => said.as_u64().ok_or_else(|| unknown(said)),
    }
}

fn unknown(said: &impl ToString) -> FieldError {
    let message = format!(
        "version {} is not known here; this program reads {VERSIONS:?}: ask the sender for schema_version {CURRENT}",
        said.to_string()
    );
    FieldError::new("data.schema_version", message)
}

/// Says which of the names is missing.
fn complete(members: &Map<String, Value>, names: &[&str], within: &str) -> Result<(), FieldError> {
    match names.iter().find(|name| !members.contains_key(**name)) {
        Some(name) => Err(wrong(&format!("{within}{name}"), "is missing")),
        None => Ok(()),
    }
}

fn open<D: Form>(value: &Value, data: &Map<String, Value>) -> Result<CloudEvent<D>, FieldError> {
    complete(data, D::MEMBERS, "data.")?;
    if let Some(name) = data
        .keys()
        .find(|name| !D::MEMBERS.contains(&name.as_str()))
    {
        let message = format!("is not a member of version {}", D::VERSION);
        return Err(FieldError::new(format!("data.{name}"), message));
    }
    let found: CloudEvent<D> = serde_path_to_error::deserialize(value)
        .map_err(|why| wrong(&why.path().to_string(), why.inner()))?;
    agree(&found)?;
    Ok(found)
}

/// Whether the envelope says what the data say: somebody may have acted on either.
fn agree<D: Form>(found: &CloudEvent<D>) -> Result<(), FieldError> {
    let data = &found.data;
    let named = found.kind.strip_prefix(PREFIX);
    let subject = found.subject.as_deref();
    for (path, agrees, message) in [
        ("id", found.id == data.event_id(), "is not data.event_id"),
        ("source", !found.source.is_empty(), "must not be empty"),
        (
            "type",
            named == Some(data.kind().as_str()),
            "is not slugline. and data.type",
        ),
        (
            "subject",
            subject == data.content_id(),
            "is not data.content_id",
        ),
        (
            "time",
            found.time == data.occurred_at(),
            "is not data.occurred_at",
        ),
        (
            "datacontenttype",
            found.datacontenttype == DATA,
            "must be application/json",
        ),
    ] {
        if !agrees {
            return Err(FieldError::new(path, message));
        }
    }
    Ok(())
}
