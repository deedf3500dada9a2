//! Secrets that cannot be shown by accident.
//!
//! Ensures that a secret is never part of a debug print, a log line or a serialised value.
//! Does not resolve references (`env:NAME`, `file:PATH`): the binary does.

use std::fmt;

/// A resolved secret. Read it only where it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a resolved secret.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A reference to a secret as configuration writes it: `env:NAME` or `file:PATH`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct SecretRef(pub String);

/// Turns references into secrets; implemented by the binary.
pub trait Secrets {
    /// The secret behind `reference`, or what is wrong with it and what to do.
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String>;
}
