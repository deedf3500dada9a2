//! How Drupal's contributed module `webhooks` signs; core sends none.
//!
//! Ensures that only HMAC-SHA1 and -SHA256 count: the module's own verifier takes whichever algorithm the
//! header names, MD5 too. Neither a time nor the delivery's name is signed. Does not normalise.

use std::borrow::Cow;

use slugline_core::webhook::{Flaw, Incoming};

use crate::signature::{Encoding, Proof, Scheme, Signed};

const SIGNATURE: &str = "x-hub-signature";

/// The signature of a request.
pub(crate) struct Drupal;

impl Scheme for Drupal {
    fn covers(&self) -> &'static str {
        "the body"
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let value = incoming.required(SIGNATURE)?;
        // SHA-1 is what the module is known to send; newer ones may do better.
        let proof = match value.split_once('=') {
            Some(("sha1", signature)) => {
                Proof::HmacSha1(Encoding::Hex.decode(SIGNATURE, signature, 20)?)
            }
            Some(("sha256", signature)) => {
                Proof::HmacSha256(Encoding::Hex.decode(SIGNATURE, signature, 32)?)
            }
            _ => {
                return Err(Flaw::header(
                    SIGNATURE,
                    "begins with neither sha1= nor sha256=",
                ));
            }
        };
        Ok(Signed {
            header: SIGNATURE,
            messages: vec![vec![Cow::Borrowed(&*incoming.body)]],
            proofs: vec![proof],
            at: None,
            delivery_id: None,
        })
    }
}
