//! A webhook's configuration: `url`, `secrets` (newest first), `headers`, `format`, `schema_version`.
//!
//! Ensures that the secrets sign, the headers can be sent and the version of the contract is one before
//! anything is delivered.

use std::collections::BTreeMap;

use serde::Deserialize;
use slugline_core::connector::Connector;
use slugline_core::contract::{CURRENT, VERSIONS};
use slugline_core::secret::{Secret, SecretRef, Secrets};
use toml::Spanned;
use toml::de::DeTable;

use crate::config::{ConfigError, header_name, http_url, read, resolve};
use crate::standard_webhooks::sign::Key;

/// Secrets in use at once: the current one, and the one before it while receivers rotate.
const MAX_SECRETS: usize = 2;
/// Headers that the message or the transport sets.
const OWN_HEADERS: [&str; 6] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    url: Spanned<String>,
    secrets: Spanned<Vec<Spanned<SecretRef>>>,
    #[serde(default)]
    headers: BTreeMap<Spanned<String>, Spanned<SecretRef>>,
    format: Option<Format>,
    schema_version: Option<Spanned<u32>>,
}

/// What is sent instead of the message of Standard Webhooks.
#[derive(Deserialize)]
enum Format {
    #[serde(rename = "cloudevents")]
    CloudEvents,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// The message that Standard Webhooks describes.
    Message,
    /// An event of our contract, in this version.
    Event(u32),
}

/// A configured webhook.
pub(crate) struct Webhook {
    /// Where messages go.
    pub(super) url: String,
    /// Every active key, newest first.
    pub(super) keys: Vec<Key>,
    /// Static headers, such as a token that a gateway wants.
    pub(super) headers: Vec<(String, Secret)>,
    /// What is sent.
    pub(super) body: Body,
}

/// Makes the connector from its part of the configuration.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Connector>, ConfigError> {
    let config: Config = read(table)?;
    Ok(Box::new(Webhook {
        url: http_url(&config.url)?.into(),
        keys: keys(&config.secrets, secrets)?,
        headers: config
            .headers
            .iter()
            .map(|(name, value)| header(name, value, secrets))
            .collect::<Result<_, _>>()?,
        body: body(config.format.as_ref(), config.schema_version.as_ref())?,
    }))
}

fn body(format: Option<&Format>, version: Option<&Spanned<u32>>) -> Result<Body, ConfigError> {
    let wrong = |version: &Spanned<u32>, why: String| Err(ConfigError::new(version.span(), why));
    match (format, version) {
        (None, None) => Ok(Body::Message),
        (Some(Format::CloudEvents), None) => Ok(Body::Event(CURRENT)),
        (Some(Format::CloudEvents), Some(version)) if VERSIONS.contains(version.get_ref()) => {
            Ok(Body::Event(*version.get_ref()))
        }
        (Some(Format::CloudEvents), Some(version)) => {
            let asked = version.get_ref();
            wrong(
                version,
                format!("{asked} is not a version of the event contract; there are {VERSIONS:?}"),
            )
        }
        (None, Some(version)) => {
            let advice = "schema_version is for events of the contract: add format = \"cloudevents\", or leave it out";
            wrong(version, advice.to_owned())
        }
    }
}

fn keys(
    references: &Spanned<Vec<Spanned<SecretRef>>>,
    secrets: &dyn Secrets,
) -> Result<Vec<Key>, ConfigError> {
    if !(1..=MAX_SECRETS).contains(&references.get_ref().len()) {
        let advice = "name the secret, or two while receivers rotate: the newest first";
        return Err(ConfigError::new(references.span(), advice));
    }
    let key = |reference: &Spanned<SecretRef>| {
        Key::parse(&resolve(reference, secrets)?)
            .map_err(|why| ConfigError::new(reference.span(), why))
    };
    references.get_ref().iter().map(key).collect()
}

fn header(
    name: &Spanned<String>,
    value: &Spanned<SecretRef>,
    secrets: &dyn Secrets,
) -> Result<(String, Secret), ConfigError> {
    let lower = header_name(name)?;
    if lower.starts_with("webhook-") || OWN_HEADERS.contains(&lower.as_str()) {
        let advice = format!("the header {lower} belongs to the message itself");
        return Err(ConfigError::new(name.span(), advice));
    }
    let secret = resolve(value, secrets)?;
    if !secret
        .expose()
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~'))
    {
        let advice = format!("the value of {lower} must be one line of printable ASCII");
        return Err(ConfigError::new(value.span(), advice));
    }
    Ok((lower, secret))
}
