//! How Sanity signs webhooks (@sanity/webhook 4).
//!
//! Ensures that only the exact form that the toolkit writes is taken, and the time with it. The
//! delivery's name is not signed. Does not normalise.

use std::time::Duration;

use slugline_core::time::Timestamp;
use slugline_core::webhook::{Flaw, Incoming, Part};

use crate::signature::{Encoding, Proof, Scheme, Signed, millis, timed};

const SIGNATURE: &str = "sanity-webhook-signature";

/// Sanity repeats for 30 minutes, and does not say whether it signs a repeat anew.
const TOLERANCE: Duration = Duration::from_secs(35 * 60);
/// What the toolkit takes for a time in milliseconds: from 2021 on.
const FIRST: Timestamp = Timestamp(1_609_459_200_000_000);

/// The signature of a request.
pub(crate) struct Sanity;

impl Scheme for Sanity {
    fn covers(&self) -> &'static str {
        "timestamp.body"
    }

    fn tolerance(&self) -> Duration {
        TOLERANCE
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let value = incoming.required(SIGNATURE)?;
        let form = || Flaw::header(SIGNATURE, "is not of the form t=MILLISECONDS,v1=SIGNATURE");
        let (time, signature) = value
            .strip_prefix("t=")
            .and_then(|rest| rest.split_once(",v1="))
            .ok_or_else(form)?;
        let at = millis(SIGNATURE, time)?;
        if at.1 < FIRST {
            return Err(Flaw::header(SIGNATURE, "has a time before 2021"));
        }
        if incoming.body.is_empty() {
            return Err(Flaw::of(
                Part::Body,
                "the body is empty; Sanity signs none that is",
            ));
        }
        let proof = Encoding::Base64Url.decode(SIGNATURE, signature, 32)?;
        Ok(Signed {
            header: SIGNATURE,
            messages: vec![timed(time, b".", incoming)],
            proofs: vec![Proof::HmacSha256(proof)],
            at: Some(at),
            delivery_id: None,
        })
    }
}
