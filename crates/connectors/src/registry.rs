//! The one list of vendors: what the `type` of a destination, and of a source, may be.
//!
//! Ensures that adding a vendor touches its own folder, one `mod` and one line in each list
//! here that it belongs to.

use slugline_core::connector::Connector;
use slugline_core::secret::Secrets;
use slugline_core::source::Source;
use toml::Spanned;
use toml::de::DeTable;

use crate::config::ConfigError;
use crate::contentful::webhook::Contentful;
use crate::drupal::webhook::Drupal;
use crate::generic::webhook::Generic;
use crate::ghost::webhook::Ghost;
use crate::hubspot::webhook::HubSpot;
use crate::sanity::webhook::Sanity;
use crate::signature::Scheme;
use crate::source::Dialect;
use crate::standard_webhooks::webhook::StandardWebhooks;
use crate::storyblok::webhook::Storyblok;
use crate::token::{PathToken, Token};
use crate::webflow::webhook::Webflow;
use crate::{
    contentful, directus, drupal, folder, generic, ghost, hubspot, sanity, standard_webhooks,
    storyblok, strapi, webflow, webhook, wordpress,
};

/// Makes a connector from the keys of a `[[destination]]` that are the vendor's own.
type Build = fn(Spanned<DeTable<'_>>, &dyn Secrets) -> Result<Box<dyn Connector>, ConfigError>;

const VENDORS: &[(&str, Build)] = &[
    (folder::KIND, folder::build),
    (webhook::KIND, webhook::build),
    (wordpress::KIND, wordpress::build),
];

/// A vendor's dialect, signed in this way.
macro_rules! dialect {
    ($vendor:ident, $scheme:expr) => {
        Dialect::new(
            $scheme,
            $vendor::changes::MANNERS,
            $vendor::changes::changes,
        )
    };
}

/// How each type of source signs, what its sender does, and what it says; sorted. WordPress sends no
/// webhooks by itself: a plugin does. Strapi (`server.webhooks.defaultHeaders`, or at the webhook) and
/// Directus (the operation "Webhook / Request URL" of a flow) sign nothing, but send the headers that
/// they are given.
static SOURCES: [(&str, Dialect); 12] = [
    (
        "contentful",
        dialect!(contentful, &Contentful).asked(contentful::library::build),
    ),
    (
        "directus",
        dialect!(directus, &Token).asked(directus::library::build),
    ),
    (
        "drupal",
        dialect!(drupal, &Drupal).asked(drupal::library::build),
    ),
    (
        "ghost",
        dialect!(ghost, &Ghost { legacy: false })
            .with(ghost::webhook::configure)
            .asked(ghost::library::build),
    ),
    (
        "hmac",
        dialect!(generic, &Generic).with(generic::template::configure),
    ),
    (
        "hubspot",
        dialect!(hubspot, &HubSpot).asked(hubspot::library::build),
    ),
    (
        "sanity",
        dialect!(sanity, &Sanity).asked(sanity::library::build),
    ),
    (
        "standard_webhooks",
        dialect!(standard_webhooks, &StandardWebhooks),
    ),
    (
        "storyblok",
        dialect!(storyblok, &Storyblok).asked(storyblok::library::build),
    ),
    (
        "strapi",
        dialect!(strapi, &Token).asked(strapi::library::build),
    ),
    (
        "webflow",
        dialect!(webflow, &Webflow).asked(webflow::library::build),
    ),
    (
        "wordpress",
        dialect!(wordpress, &StandardWebhooks).asked(wordpress::library::build),
    ),
];

/// Every `type` of source there is, sorted.
pub fn source_types() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|(kind, _)| *kind)
}

/// How a type of source signs its webhooks; `legacy`: as it did before it signed the time.
pub fn scheme(kind: &str, legacy: bool) -> Option<&'static dyn Scheme> {
    if legacy {
        return (kind == "ghost").then_some(&Ghost { legacy: true });
    }
    dialect(kind).map(|dialect| dialect.scheme)
}

/// How a source proves itself with `token_in_path`.
pub fn path_token() -> &'static dyn Scheme {
    &PathToken
}

fn dialect(kind: &str) -> Option<&'static Dialect> {
    let found = SOURCES.iter().find(|(name, _)| *name == kind);
    found.map(|(_, dialect)| dialect)
}

/// Makes a source. `config` holds what is left of its table when the keys that every source has (`name`,
/// `type`, `secrets` and so on) are taken out.
///
/// # Errors
/// An unknown type, an unknown or missing key, a value that does not fit, or a secret that does not
/// resolve; each with the place in the file.
pub fn source(
    kind: &Spanned<String>,
    config: Spanned<DeTable<'_>>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Source>, ConfigError> {
    match dialect(kind.get_ref()) {
        Some(dialect) => dialect.source(config, secrets),
        None => Err(unknown(kind, "source", source_types())),
    }
}

/// Every `type` of destination there is, sorted.
pub fn types() -> impl Iterator<Item = &'static str> {
    VENDORS.iter().map(|(kind, _)| *kind)
}

/// Makes the connector of a destination. `config` holds what is left of its table when the keys
/// that every destination has (`name`, `type`, `rate` and so on) are taken out.
///
/// # Errors
/// An unknown type, an unknown or missing key, a value that does not fit, or a secret that does not
/// resolve; each with the place in the file.
pub fn build(
    kind: &Spanned<String>,
    config: Spanned<DeTable<'_>>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Connector>, ConfigError> {
    let known = VENDORS.iter().find(|(name, _)| name == kind.get_ref());
    let Some((_, build)) = known else {
        return Err(unknown(kind, "destination", types()));
    };
    build(config, secrets)
}

fn unknown(
    kind: &Spanned<String>,
    of: &str,
    types: impl Iterator<Item = &'static str>,
) -> ConfigError {
    let types: Vec<&str> = types.collect();
    let message = format!(
        "{:?} is not a {of} type; known are {}",
        kind.get_ref(),
        types.join(", ")
    );
    ConfigError::new(kind.span(), message)
}
