//! What shows that a webhook comes from our Strapi: Strapi signs nothing, but sends headers that are
//! configured (`server.webhooks.defaultHeaders`, or at the webhook).
//!
//! Ensures that the secret came along. Whoever reads one request knows it. Does not normalise.

use slugline_core::webhook::{Flaw, Incoming};

use crate::signature::{Scheme, Signed};
use crate::token;

/// The secret in a header.
pub(crate) struct Strapi;

impl Scheme for Strapi {
    fn covers(&self) -> &'static str {
        token::COVERS
    }

    fn read<'a>(&self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        token::read(incoming)
    }
}
