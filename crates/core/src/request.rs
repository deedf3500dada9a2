//! The publish request: decoding and checking.
//!
//! Ensures that a request that passes can be accepted, that each complaint names the field by its
//! path, and that two requests that mean the same have the same fingerprint.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::canonical::Fingerprint;
use crate::dependency::MAX_DEPENDENCIES;
use crate::ids::WebhookId;
use crate::item::{self, Action, Class};
use crate::payload::{self, Payload};
use crate::problem::{Code, FieldError, Problem};
use crate::time::Timestamp;
use crate::version::Version;

/// Characters of an idempotency key (the limit that Stripe made usual).
pub const MAX_KEY: usize = 255;
/// Destinations that one request may name.
pub const MAX_DESTINATIONS: usize = 100;
/// The environment of a request that names none.
pub const DEFAULT_ENVIRONMENT: &str = "production";

/// `POST /v1/publish`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishRequest {
    /// The key, unless the `Idempotency-Key` header carries it.
    #[serde(default)]
    pub request_id: Option<String>,
    /// The item; `content_uid` is accepted for it.
    #[serde(alias = "content_uid")]
    pub content_id: String,
    /// The producer's order; assigned when absent. `updated_at` is accepted for it.
    #[serde(default, alias = "updated_at")]
    pub version: Option<Version>,
    /// `publish` when absent.
    #[serde(default)]
    pub action: Action,
    /// `production` when absent.
    #[serde(default)]
    pub environment: Option<String>,
    /// The configured default when absent.
    #[serde(default)]
    pub locale: Option<String>,
    /// `standard` when absent.
    #[serde(default)]
    pub class: Class,
    /// Names; the routes decide when absent or empty.
    #[serde(default)]
    pub destinations: Option<Vec<String>>,
    /// Released no earlier; at once when absent or past.
    #[serde(default)]
    pub publish_at: Option<Timestamp>,
    /// Content ids that must be live first; removals wait for none.
    #[serde(default)]
    pub depends_on: Option<Vec<String>>,
    /// Required for `publish` and `draft`.
    #[serde(default)]
    pub payload: Option<Payload>,
}

/// Decodes a body. Says where it is wrong: `invalid_json` for text that is no JSON,
/// `invalid_request` with the field's path for JSON that is no request.
pub fn decode(body: &[u8]) -> Result<PublishRequest, Problem> {
    if let Err(why) = std::str::from_utf8(body) {
        let message = format!("the body is not UTF-8 from byte {} on", why.valid_up_to());
        return Err(Problem::new(Code::InvalidJson, message));
    }
    // Types take a list of their members' values as well; nobody who sends one means it.
    if body.trim_ascii_start().first() == Some(&b'[') {
        let error = FieldError::new("(body)", "must be a JSON object");
        return Err(Problem::fields(Code::InvalidRequest, vec![error]));
    }
    // Keeping track of the path costs as much again, and only what is wrong needs it.
    serde_json::from_slice(body).or_else(|_| decode_with_path(body))
}

fn decode_with_path(body: &[u8]) -> Result<PublishRequest, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let request =
        serde_path_to_error::deserialize(&mut reader).map_err(|why| decode_problem(&why))?;
    reader
        .end()
        .map_err(|why| Problem::new(Code::InvalidJson, why.to_string()))?;
    Ok(request)
}

/// Where the payload stands in a body that [`decode`] has taken, in bytes; `None` when it has none.
#[must_use]
pub fn payload_place(body: &[u8]) -> Option<Range<usize>> {
    #[derive(Deserialize)]
    struct Outline<'a> {
        #[serde(borrow)]
        payload: Option<&'a RawValue>,
    }
    let text = serde_json::from_slice::<Outline<'_>>(body)
        .ok()?
        .payload?
        .get();
    let start = (text.as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    Some(start..start + text.len())
}

fn decode_problem(why: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = why.inner();
    match inner.classify() {
        serde_json::error::Category::Data => {
            let path = why.path().to_string();
            // A member of the body itself whose name is empty has an empty path.
            let path = if path.is_empty() || path == "." {
                "(body)".to_owned()
            } else {
                path
            };
            Problem::fields(
                Code::InvalidRequest,
                vec![FieldError::new(path, inner.to_string())],
            )
        }
        _ => Problem::new(Code::InvalidJson, inner.to_string()),
    }
}

impl PublishRequest {
    /// The key from the header and the body; both must agree.
    pub fn key(&self, header: Option<&str>) -> Result<String, Problem> {
        let from_header = header.map(parse_key_header).transpose()?;
        let key = match (from_header, self.request_id.clone()) {
            (Some(header), Some(body)) if header != body => {
                let message = format!(
                    "the Idempotency-Key header says {header:?} and request_id says {body:?}; send one, or the same"
                );
                return Err(Problem::new(Code::InvalidKey, message));
            }
            (Some(key), _) | (None, Some(key)) => key,
            (None, None) => {
                let message = "send a unique key per request: the Idempotency-Key header, or request_id in the body";
                return Err(Problem::new(Code::InvalidKey, message));
            }
        };
        check_key(&key).map_err(|why| Problem::new(Code::InvalidKey, why))?;
        if key.starts_with(WebhookId::PREFIX) {
            let message = format!(
                "keys that begin with {:?} are those of webhooks; choose another",
                WebhookId::PREFIX
            );
            return Err(Problem::new(Code::InvalidKey, message));
        }
        Ok(key)
    }

    /// Checks everything but the key.
    pub fn check(&self, now: Timestamp) -> Result<(), Problem> {
        let mut found = Vec::new();
        self.check_labels(&mut found);
        self.check_version(now, &mut found);
        if let Some(at) = self.publish_at {
            payload::check_date("publish_at", at, &mut found);
        }
        self.check_dependencies(&mut found);
        match &self.payload {
            Some(payload) => {
                found.extend(payload.problems(self.publish_at.unwrap_or(now).max(now)))
            }
            None if !self.action.removes() => {
                found.push(FieldError::new(
                    "payload",
                    format!("is required for action {:?}", self.action.as_str()),
                ));
            }
            None => {}
        }
        if found.is_empty() {
            Ok(())
        } else {
            Err(Problem::fields(Code::InvalidRequest, found))
        }
    }

    fn check_labels(&self, found: &mut Vec<FieldError>) {
        if let Err(why) = item::check_content_id(&self.content_id) {
            found.push(FieldError::new("content_id", why));
        }
        for (path, name) in [("environment", &self.environment), ("locale", &self.locale)] {
            if let Some(Err(why)) = name.as_deref().map(item::check_name) {
                found.push(FieldError::new(path, why));
            }
        }
        let named = self.destinations.as_deref().unwrap_or_default();
        if named.len() > MAX_DESTINATIONS {
            found.push(FieldError::new(
                "destinations",
                format!("at most {MAX_DESTINATIONS}, has {}", named.len()),
            ));
        }
        for (index, name) in named.iter().enumerate() {
            if let Err(why) = item::check_name(name) {
                found.push(FieldError::new(format!("destinations[{index}]"), why));
            }
        }
    }

    fn check_dependencies(&self, found: &mut Vec<FieldError>) {
        let ids = self.depends_on.as_deref().unwrap_or_default();
        if ids.len() > MAX_DEPENDENCIES {
            let why = format!("at most {MAX_DEPENDENCIES}, has {}", ids.len());
            found.push(FieldError::new("depends_on", why));
            return;
        }
        for (index, id) in ids.iter().enumerate() {
            let wrong = if *id == self.content_id {
                Err("is the item itself".to_owned())
            } else if ids.iter().take(index).any(|before| before == id) {
                Err(format!("names {id:?} a second time"))
            } else {
                item::check_content_id(id)
            };
            let path = || format!("depends_on[{index}]");
            found.extend(wrong.err().map(|why| FieldError::new(path(), why)));
        }
    }

    fn check_version(&self, now: Timestamp, found: &mut Vec<FieldError>) {
        match self.version {
            Some(Version::Number(number)) if number < 0 => {
                found.push(FieldError::new(
                    "version",
                    format!("must not be negative, is {number}"),
                ));
            }
            Some(Version::Number(i64::MAX)) => {
                found.push(FieldError::new(
                    "version",
                    "is the largest integer: no newer version could ever follow",
                ));
            }
            Some(Version::Time(at)) => {
                payload::check_date("version", at, found);
                // A clock that is a day ahead would shut out every later update of the item.
                if at > now.plus(std::time::Duration::from_secs(86_400)) {
                    found.push(FieldError::new(
                        "version",
                        format!("{at} is more than a day in the future"),
                    ));
                }
            }
            _ => {}
        }
    }

    /// The destinations named, each once, in the order given.
    #[must_use]
    pub fn named_destinations(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.destinations.iter().flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// What must be live before it is released. A removal waits for nothing.
    #[must_use]
    pub fn dependencies(&self) -> &[String] {
        match &self.depends_on {
            Some(ids) if !self.action.removes() => ids,
            _ => &[],
        }
    }

    /// The environment, with its default.
    #[must_use]
    pub fn environment(&self) -> &str {
        self.environment.as_deref().unwrap_or(DEFAULT_ENVIRONMENT)
    }

    /// What makes two requests the same (what they ask for, not how the key came or the version), and two
    /// payloads.
    #[must_use]
    pub fn fingerprints(&self, locale: &str) -> Fingerprints {
        let mut destinations = self.named_destinations();
        destinations.sort();
        let mut depends_on = self.dependencies().to_vec();
        depends_on.sort();
        let payload = Fingerprint::of(&self.payload);
        let request = Fingerprint::of(&Asked {
            action: self.action,
            content_id: &self.content_id,
            depends_on,
            destinations,
            environment: self.environment(),
            locale,
            payload: &payload.hex(),
            publish_at: self.publish_at,
        });
        Fingerprints { request, payload }
    }
}

/// Of a request and of its payload alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// The request's.
    pub request: Fingerprint,
    /// The payload's; that of `null` where there is none.
    pub payload: Fingerprint,
}

/// What a request asks for.
#[derive(Serialize)]
struct Asked<'a> {
    action: Action,
    content_id: &'a str,
    depends_on: Vec<String>,
    destinations: Vec<String>,
    environment: &'a str,
    locale: &'a str,
    payload: &'a str,
    publish_at: Option<Timestamp>,
}

/// Reads an `Idempotency-Key` header: a quoted string as the IETF draft says (RFC 8941 §3.3.3), or
/// bare as everybody sends it.
pub fn parse_key_header(value: &str) -> Result<String, Problem> {
    let value = value.trim();
    let Some(quoted) = value.strip_prefix('"') else {
        return Ok(value.to_owned());
    };
    let complaint = || {
        Problem::new(
            Code::InvalidKey,
            "the Idempotency-Key header begins with a quote and is not a valid quoted string",
        )
    };
    let inner = quoted.strip_suffix('"').ok_or_else(complaint)?;
    let mut key = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.push(
                characters
                    .next()
                    .filter(|c| matches!(c, '"' | '\\'))
                    .ok_or_else(complaint)?,
            ),
            '"' => return Err(complaint()),
            other => key.push(other),
        }
    }
    Ok(key)
}

fn check_key(key: &str) -> Result<(), String> {
    let visible = key.bytes().all(|b| (0x20..0x7f).contains(&b)) && key.trim() == key;
    if (1..=MAX_KEY).contains(&key.len()) && visible {
        return Ok(());
    }
    Err(format!(
        "a key has 1 to {MAX_KEY} visible ASCII characters, this one has {} bytes",
        key.len()
    ))
}

#[cfg(test)]
mod tests;
