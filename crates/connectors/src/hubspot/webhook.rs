//! How HubSpot signs requests (developers.hubspot.com, request validation): three versions.
//!
//! Ensures that the newest version that a request carries is the one that counts. Nothing parts method,
//! URL and body from each other in what is signed, so only JSON is taken for a body. Versions 1 and 2
//! sign no time, version 1 neither URL nor method: whoever has such a request can send it again, at any
//! time and without the header of version 3. Does not normalise.

use std::borrow::Cow;

use slugline_core::webhook::{Flaw, Incoming, Part};

use crate::signature::{Encoding, Proof, Scheme, Signed, millis};

const V3: &str = "x-hubspot-signature-v3";
const TIMESTAMP: &str = "x-hubspot-request-timestamp";
const OLDER: &str = "x-hubspot-signature";
const VERSION: &str = "x-hubspot-signature-version";

/// What is decoded in the URL before version 3 signs it; all other escapes stay.
const DECODED: [(&str, &str); 12] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];

/// The signature of a request.
pub(crate) struct HubSpot;

impl Scheme for HubSpot {
    fn covers(&self) -> &'static str {
        "method, URL, body and timestamp"
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        if !incoming.body.is_empty()
            && !incoming.body.starts_with(b"{")
            && !incoming.body.starts_with(b"[")
        {
            return Err(Flaw::of(
                Part::Body,
                "the body is neither empty nor a JSON object or list",
            ));
        }
        match incoming.header(V3)? {
            Some(signature) => v3(incoming, signature),
            None => older(incoming),
        }
    }
}

fn v3<'a>(incoming: &'a Incoming, signature: &str) -> Result<Signed<'a>, Flaw> {
    let time = incoming.required(TIMESTAMP)?;
    // The SDK signs the URL as it came, the documentation what it becomes decoded.
    let urls = [Cow::Borrowed(&*incoming.url), decoded(&incoming.url).into()];
    let message = |url: Cow<'a, str>| {
        let url = match url {
            Cow::Borrowed(url) => Cow::Borrowed(url.as_bytes()),
            Cow::Owned(url) => Cow::Owned(url.into_bytes()),
        };
        vec![
            Cow::Borrowed(incoming.method.as_bytes()),
            url,
            Cow::Borrowed(&*incoming.body),
            Cow::Borrowed(time.as_bytes()),
        ]
    };
    Ok(Signed {
        header: V3,
        messages: urls.map(message).into(),
        proofs: vec![Proof::HmacSha256(
            Encoding::Base64.decode(V3, signature, 32)?,
        )],
        at: Some(millis(TIMESTAMP, time)?),
        delivery_id: None,
    })
}

fn older(incoming: &Incoming) -> Result<Signed<'_>, Flaw> {
    let signature = incoming
        .header(OLDER)?
        .ok_or_else(|| Flaw::header(V3, "is missing"))?;
    // Whoever knows one such signature can carry its message on, but only with bytes that are no UTF-8.
    if std::str::from_utf8(&incoming.body).is_err() {
        return Err(Flaw::of(Part::Body, "the body is not UTF-8"));
    }
    let body = Cow::Borrowed(&*incoming.body);
    let message = match incoming.header(VERSION)? {
        None | Some("v1") => vec![body],
        Some("v2") => vec![
            Cow::Borrowed(incoming.method.as_bytes()),
            Cow::Borrowed(incoming.url.as_bytes()),
            body,
        ],
        Some(_) => return Err(Flaw::header(VERSION, "is neither v1 nor v2")),
    };
    Ok(Signed {
        header: OLDER,
        messages: vec![message],
        proofs: vec![Proof::Sha256(Encoding::Hex.decode(OLDER, signature, 32)?)],
        at: None,
        delivery_id: None,
    })
}

fn decoded(url: &str) -> String {
    let decode = |url: String, (escape, character): &(&str, &str)| url.replace(escape, character);
    DECODED.iter().fold(url.to_owned(), decode)
}
