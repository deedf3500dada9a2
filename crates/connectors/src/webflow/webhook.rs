//! How Webflow signs webhooks (webflow-api, WebhooksClient).
//!
//! Ensures that the time is part of what is proved. A delivery has no name of its own. Webhooks made
//! in Webflow's dashboard are not signed at all: make them through the API. Does not normalise.

use slugline_core::webhook::{Flaw, Incoming};

use crate::signature::{Encoding, Proof, Scheme, Signed, millis, timed};

const SIGNATURE: &str = "x-webflow-signature";
const TIMESTAMP: &str = "x-webflow-timestamp";

/// The signature of a request.
pub(crate) struct Webflow;

impl Scheme for Webflow {
    fn covers(&self) -> &'static str {
        "timestamp:body"
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let signature = incoming.required(SIGNATURE)?;
        let time = incoming.required(TIMESTAMP)?;
        Ok(Signed {
            header: SIGNATURE,
            messages: vec![timed(time, b":", incoming)],
            proofs: vec![Proof::HmacSha256(
                Encoding::Hex.decode(SIGNATURE, signature, 32)?,
            )],
            at: Some(millis(TIMESTAMP, time)?),
            delivery_id: None,
        })
    }
}
