//! A WordPress destination's configuration: `url`, `username`, `password`, and how to use them.
//!
//! Ensures that the address is one and that the account can be named in a Basic header. Whether
//! WordPress accepts the account is the probe's question.

use std::collections::BTreeMap;

use serde::Deserialize;
use slugline_core::connector::Connector;
use slugline_core::secret::{SecretRef, Secrets};
use toml::Spanned;
use toml::de::DeTable;

use super::WordPress;
use super::deliver::{Kind, Site};
use crate::config::{ConfigError, http_url, login, read, resolve};

/// What WordPress gives to posts that have none: id 1 since its installation, unless changed in
/// Settings → Writing.
const DEFAULT_CATEGORY: u64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    url: Spanned<String>,
    username: Spanned<String>,
    password: Spanned<SecretRef>,
    #[serde(default)]
    content_type: Kind,
    #[serde(default)]
    delete: Deletion,
    #[serde(default)]
    verify: Proof,
    #[serde(default)]
    authors: BTreeMap<String, u64>,
    default_category: Option<u64>,
}

/// What a `delete` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Deletion {
    /// Into the trash, from where a person can restore it.
    #[default]
    Trash,
    /// For good.
    Force,
}

/// How much of the destination is read back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Proof {
    /// Every field as it is stored, and the media.
    #[default]
    ReadBack,
    /// That, and the page that the public sees.
    Permalink,
}

/// Makes the connector from its part of the configuration.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Connector>, ConfigError> {
    let config: Config = read(table)?;
    let url = http_url(&config.url)?;
    let username = login(&config.username)?;
    let password = resolve(&config.password, secrets)?;
    Ok(Box::new(WordPress {
        site: Site::new(&url, username, &password),
        content_type: config.content_type,
        delete: config.delete,
        proof: config.verify,
        authors: config.authors,
        default_category: config.default_category.unwrap_or(DEFAULT_CATEGORY),
    }))
}
