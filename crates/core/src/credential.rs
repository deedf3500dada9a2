//! Credentials that rotate, as a vendor describes them.
//!
//! Ensures that a connector says only what its vendor's exchange looks like, in pure functions. Who
//! renews, when, and where the result is kept is the engine's: one renewal at a time over all nodes.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::http::{Request, Response};
use crate::secret::Secret;
use crate::time::Timestamp;

/// A credential that is replaced by its successor now and then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// What requests carry.
    pub access: Secret,
    /// What its successor is got with; often good for one use only.
    pub refresh: Secret,
    /// When the destination stops taking `access`, if it says so.
    pub expires_at: Option<Timestamp>,
}

/// How a vendor renews a credential: implemented by connectors whose credential rotates.
pub trait Renewal: Send + Sync {
    /// What the first renewal is got with: the refresh token or client secret of the configuration.
    /// Another one there begins a new line of credentials.
    fn first(&self) -> &Secret;

    /// The request that exchanges `refresh` for a credential. It is sent at most once for each.
    fn request(&self, refresh: &Secret) -> Request;

    /// The credential in the answer, whatever its status. A failure of the class `Auth` says that
    /// `refresh` is refused: it is not sent again.
    fn read(
        &self,
        answer: &Response,
        refresh: &Secret,
        now: Timestamp,
    ) -> Result<Credential, Failure>;

    /// Puts `access` where the vendor expects it.
    fn authorize(&self, request: Request, access: &Secret) -> Request;
}

/// The one form in which a credential may be written down, to be encrypted at once.
#[derive(Serialize, Deserialize)]
struct Written {
    access: String,
    refresh: String,
    expires_at: Option<Timestamp>,
}

impl Credential {
    /// The secrets as JSON, for encryption only.
    #[must_use]
    pub fn to_plain(&self) -> Vec<u8> {
        let written = Written {
            access: self.access.expose().to_owned(),
            refresh: self.refresh.expose().to_owned(),
            expires_at: self.expires_at,
        };
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// Reads what [`Self::to_plain`] wrote.
    #[must_use]
    pub fn from_plain(plain: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(plain).ok()?;
        Some(Self {
            access: Secret::new(written.access),
            refresh: Secret::new(written.refresh),
            expires_at: written.expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_reads_back_and_shows_nothing() {
        let credential = Credential {
            access: Secret::new("a-1"),
            refresh: Secret::new("r-1"),
            expires_at: Some(Timestamp(7)),
        };
        assert_eq!(
            Credential::from_plain(&credential.to_plain()).as_ref(),
            Some(&credential)
        );
        assert_eq!(Credential::from_plain(b"{}"), None);
        let shown = format!("{credential:?}");
        assert!(!shown.contains("a-1") && !shown.contains("r-1"), "{shown}");
    }
}
