//! Reading a vendor's part of the configuration.
//!
//! Ensures that each complaint knows the bytes of the file that it speaks of, from which the
//! binary makes the line. Does not read files or resolve references.

use std::ops::Range;

use serde::de::DeserializeOwned;
use slugline_core::secret::{Secret, SecretRef, Secrets};
use toml::Spanned;
use toml::de::{DeTable, Deserializer};
use url::Url;

/// What is wrong with the configuration of a source or destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong and what to do.
    pub message: String,
    /// The bytes of the configuration file that it speaks of.
    pub span: Range<usize>,
}

impl ConfigError {
    /// A complaint about the value at `span`.
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
        }
    }
}

/// Reads a vendor's own table into its type. Unknown keys are errors where the type says so.
pub(crate) fn read<T: DeserializeOwned>(table: Spanned<DeTable<'_>>) -> Result<T, ConfigError> {
    let whole = table.span();
    T::deserialize(Deserializer::from(table))
        .map_err(|why| ConfigError::new(why.span().unwrap_or(whole), why.message()))
}

/// The secret behind a reference.
pub(crate) fn resolve(
    reference: &Spanned<SecretRef>,
    secrets: &dyn Secrets,
) -> Result<Secret, ConfigError> {
    secrets
        .resolve(reference.get_ref())
        .map_err(|why| ConfigError::new(reference.span(), why))
}

/// An absolute `http` or `https` URL that carries no credentials.
pub(crate) fn http_url(text: &Spanned<String>) -> Result<Url, ConfigError> {
    let complain = |why: &str| ConfigError::new(text.span(), format!("{:?} {why}", text.get_ref()));
    let url =
        Url::parse(text.get_ref()).map_err(|why| complain(&format!("is not a URL: {why}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(complain("must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(complain(
            "carries credentials; name them by reference in their own keys",
        ));
    }
    Ok(url)
}

/// The address of a vendor's API, unless configured.
pub(crate) fn vendor_url(text: Option<&Spanned<String>>, usual: &str) -> Result<Url, ConfigError> {
    match text {
        Some(text) => http_url(text),
        None => http_url(&Spanned::new(0..0, usual.to_owned())),
    }
}

/// The name of an account that a Basic header can carry (RFC 7617 §2): a colon would end it.
pub(crate) fn login(name: &Spanned<String>) -> Result<&str, ConfigError> {
    let text = name.get_ref().as_str();
    if text.is_empty() || text.contains(':') {
        let advice = "must be the login name of a user, without a colon";
        return Err(ConfigError::new(name.span(), advice));
    }
    Ok(text)
}

/// The name of a header, in lower case.
pub(crate) fn header_name(text: &Spanned<String>) -> Result<String, ConfigError> {
    let lower = text.get_ref().to_ascii_lowercase();
    match is_token(&lower) {
        true => Ok(lower),
        false => {
            let why = format!("{lower:?} is not a header name");
            Err(ConfigError::new(text.span(), why))
        }
    }
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
