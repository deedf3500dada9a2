//! A sender for tests: it signs nothing, and says what it means.

use std::sync::Arc;
use std::time::Duration;

use slugline_core::secret::Secret;
use slugline_core::source::{Library, Manners, News, Repeats, Source};
use slugline_core::time::Timestamp;
use slugline_core::webhook::{Flaw, Incoming, Part, Verified, Window};

use super::TOLERANCE;
use super::asks::Shelf;
use super::parts;

/// A sender that says what it means: its body is the list of changes.
pub(super) struct Plain {
    pub(super) repeats: Repeats,
    /// What it has, where it can be asked.
    pub(super) shelf: Option<Arc<Shelf>>,
}

impl Source for Plain {
    fn manners(&self) -> Manners {
        Manners {
            retries_for: Duration::ZERO,
            repeats: self.repeats,
            dates_removals: true,
            only_ok: false,
            word_headers: &["x-word", "x-entry"],
            signs: false,
            main_environment: Some("main"),
        }
    }

    fn covers(&self) -> &str {
        "nothing"
    }

    fn tolerance(&self) -> Duration {
        TOLERANCE
    }

    fn check_secret(&self, _: &Secret) -> Result<(), String> {
        Ok(())
    }

    fn verify(
        &self,
        incoming: &Incoming,
        secrets: &[Secret],
        window: Window,
    ) -> Result<Verified, Flaw> {
        let token = incoming.required("authorization")?;
        let secret = secrets.iter().position(|known| known.expose() == token);
        let secret = secret.ok_or_else(|| Flaw::of(Part::Signature, "it is not the secret"))?;
        assert_eq!(window.tolerance, self.tolerance());
        Ok(Verified {
            secret,
            signed_at: incoming
                .header("x-at")?
                .and_then(|at| at.parse().ok())
                .map(Timestamp),
            delivery_id: incoming.header("x-id")?.map(str::to_owned),
        })
    }

    fn changes(&self, incoming: &Incoming) -> Result<News, String> {
        let told: Result<Vec<serde_json::Value>, _> = serde_json::from_slice(&incoming.body);
        let entry = incoming.header("x-entry").map_err(|flaw| flaw.detail)?;
        let named = |mut part: serde_json::Value| {
            if let Some(entry) = entry {
                part["entry"] = entry.into();
            }
            parts::read(part)
        };
        Ok(told
            .map_err(|why| why.to_string())?
            .into_iter()
            .map(named)
            .collect())
    }

    fn library(&self) -> Option<&dyn Library> {
        self.shelf.as_deref().map(|shelf| shelf as &dyn Library)
    }
}
