//! How Storyblok signs webhooks (storyblok.com/docs/concepts/webhooks).
//!
//! Ensures that the body is the one that was signed. Neither a time nor a delivery's name is signed:
//! whoever takes it must know repeats by their bytes. The header has the name that Standard Webhooks
//! uses for something else. Does not normalise.

use std::borrow::Cow;

use slugline_core::webhook::{Flaw, Incoming};

use crate::signature::{Encoding, Proof, Scheme, Signed};

const SIGNATURE: &str = "webhook-signature";

/// The signature of a request.
pub(crate) struct Storyblok;

impl Scheme for Storyblok {
    fn covers(&self) -> &'static str {
        "the body"
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let signature = incoming.required(SIGNATURE)?;
        Ok(Signed {
            header: SIGNATURE,
            messages: vec![vec![Cow::Borrowed(&*incoming.body)]],
            proofs: vec![Proof::HmacSha1(
                Encoding::Hex.decode(SIGNATURE, signature, 20)?,
            )],
            at: None,
            delivery_id: None,
        })
    }
}
