//! How GitHub, Stripe, Shopify and WooCommerce sign webhooks, and the many who do as they do.
//!
//! Ensures that a request has to bring the header of one of them, and exactly one, and that a signature
//! over time and body does not pass for one over the body alone. Does not normalise.

use std::borrow::Cow;

use slugline_core::webhook::{Flaw, Incoming, Part};

use crate::signature::{Encoding, Proof, Scheme, Signed, seconds, timed};

/// One way to sign.
struct Style {
    header: &'static str,
    /// What stands before the signature.
    prefix: &'static str,
    encoding: Encoding,
}

const STYLES: [Style; 3] = [
    // docs.github.com, validating webhook deliveries
    Style {
        header: "x-hub-signature-256",
        prefix: "sha256=",
        encoding: Encoding::Hex,
    },
    // shopify.dev, webhooks: verify deliveries
    Style {
        header: "x-shopify-hmac-sha256",
        prefix: "",
        encoding: Encoding::Base64,
    },
    Style {
        header: "x-wc-webhook-signature",
        prefix: "",
        encoding: Encoding::Base64,
    },
];
/// docs.stripe.com, webhooks: verify manually. It alone signs the time.
const STRIPE: &str = "stripe-signature";

/// The signature of a request.
pub(crate) struct Generic;

impl Scheme for Generic {
    fn covers(&self) -> &'static str {
        "the body (and before it, from Stripe, timestamp.)"
    }

    fn may_read_alike(&self) -> bool {
        true
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let mut found = Vec::new();
        if let Some(value) = incoming.header(STRIPE)? {
            found.push(stripe(incoming, value));
        }
        for style in &STYLES {
            if let Some(value) = incoming.header(style.header)? {
                found.push(style.read(incoming, value));
            }
        }
        let one = if found.len() == 1 { found.pop() } else { None };
        one.unwrap_or_else(|| {
            let known = STYLES.map(|style| style.header).join(", ");
            let what = format!("or one of {known} must be there, and only one of them");
            Err(Flaw::header(STRIPE, &what))
        })
    }
}

impl Style {
    fn read<'a>(&self, incoming: &'a Incoming, value: &str) -> Result<Signed<'a>, Flaw> {
        let signature = value.strip_prefix(self.prefix).ok_or_else(|| {
            Flaw::header(self.header, &format!("does not begin with {}", self.prefix))
        })?;
        if is_timed(&incoming.body) {
            let why = "the body begins with a number and a point, as what Stripe signs does";
            return Err(Flaw::of(Part::Body, why));
        }
        let proof = self.encoding.decode(self.header, signature, 32)?;
        Ok(Signed {
            header: self.header,
            messages: vec![vec![Cow::Borrowed(&*incoming.body)]],
            proofs: vec![Proof::HmacSha256(proof)],
            at: None,
            delivery_id: None,
        })
    }
}

/// Whether it may be a time and a body that were signed together.
fn is_timed(body: &[u8]) -> bool {
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && body.get(digits) == Some(&b'.')
}

/// `t=SECONDS,v1=SIGNATURE`, and more signatures while a secret is rotated.
fn stripe<'a>(incoming: &'a Incoming, value: &'a str) -> Result<Signed<'a>, Flaw> {
    let fields: Vec<(&str, &str)> = value
        .split(',')
        .filter_map(|field| field.trim().split_once('='))
        .collect();
    let of = |wanted: &'static str| {
        fields
            .iter()
            .filter(move |(name, _)| *name == wanted)
            .map(|(_, value)| *value)
    };
    let mut times = of("t");
    let (Some(time), None) = (times.next(), times.next()) else {
        return Err(Flaw::header(
            STRIPE,
            "is not of the form t=SECONDS,v1=SIGNATURE",
        ));
    };
    let proofs = of("v1").map(|text| {
        Encoding::Hex
            .decode(STRIPE, text, 32)
            .map(Proof::HmacSha256)
    });
    let proofs = proofs.collect::<Result<Vec<_>, Flaw>>()?;
    if proofs.is_empty() {
        return Err(Flaw::header(STRIPE, "has no v1= signature"));
    }
    Ok(Signed {
        header: STRIPE,
        messages: vec![timed(time, b".", incoming)],
        proofs,
        at: Some(seconds(STRIPE, time)?),
        delivery_id: None,
    })
}
