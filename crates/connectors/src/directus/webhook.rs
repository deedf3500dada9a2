//! What shows that a webhook comes from our Directus: the operation "Webhook / Request URL" of a flow
//! signs nothing, but sends the headers that are given to it.
//!
//! Ensures that the secret came along. Whoever reads one request knows it. Does not normalise.

use slugline_core::webhook::{Flaw, Incoming};

use crate::signature::{Scheme, Signed};
use crate::token;

/// The secret in a header.
pub(crate) struct Directus;

impl Scheme for Directus {
    fn covers(&self) -> &'static str {
        token::COVERS
    }

    fn read<'a>(&self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        token::read(incoming)
    }
}
