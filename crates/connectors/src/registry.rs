//! The one list of vendors: what a destination's `type` may be.
//!
//! Ensures that adding a vendor touches its own folder, one `mod` and one line here.

use slugline_core::connector::Connector;
use slugline_core::secret::Secrets;
use toml::Spanned;
use toml::de::DeTable;

use crate::config::ConfigError;
use crate::{folder, webhook, wordpress};

/// Makes a connector from the keys of a `[[destination]]` that are the vendor's own.
type Build = fn(Spanned<DeTable<'_>>, &dyn Secrets) -> Result<Box<dyn Connector>, ConfigError>;

const VENDORS: &[(&str, Build)] = &[
    (folder::KIND, folder::build),
    (webhook::KIND, webhook::build),
    (wordpress::KIND, wordpress::build),
];

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
        return Err(unknown(kind));
    };
    build(config, secrets)
}

fn unknown(kind: &Spanned<String>) -> ConfigError {
    let types: Vec<&str> = types().collect();
    let message = format!(
        "{:?} is not a destination type; known are {}",
        kind.get_ref(),
        types.join(", ")
    );
    ConfigError::new(kind.span(), message)
}
