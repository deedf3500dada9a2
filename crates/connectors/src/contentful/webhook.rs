//! How Contentful signs webhooks (developers/docs/extensibility/webhooks/request-verification).
//!
//! Ensures that the signature covers its own time and the list of headers that it covers, so that
//! neither can be taken out. Does not normalise.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use slugline_core::secret::Secret;
use slugline_core::webhook::{Flaw, Incoming};

use crate::signature::{Encoding, Key, Proof, Scheme, Signed, millis};

const SIGNATURE: &str = "x-contentful-signature";
const SIGNED_HEADERS: &str = "x-contentful-signed-headers";
const TIMESTAMP: &str = "x-contentful-timestamp";
const DELIVERY: &str = "x-contentful-idempotency-key";

/// Characters of a secret, no more and no less.
const SECRET_LENGTH: usize = 64;

/// What JavaScript's `encodeURI` leaves alone.
const URI: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b'#');
/// What Node's `querystring.escape` leaves alone.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The signature of a request.
pub(crate) struct Contentful;

impl Scheme for Contentful {
    fn covers(&self) -> &'static str {
        "method, path, signed headers and body"
    }

    fn key(&self, secret: &Secret) -> Result<Key, String> {
        let text = secret.expose();
        let fits = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
        if text.len() == SECRET_LENGTH && text.chars().all(fits) {
            Key::of_text(secret)
        } else {
            Err(format!(
                "a Contentful secret has {SECRET_LENGTH} characters of letters, digits and + / = _ -; this one does not"
            ))
        }
    }

    /// The toolkit refuses what is exactly as old as it tolerates.
    fn is_in_time(&self, distance: Duration, tolerance: Duration) -> bool {
        distance < tolerance
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let signature = incoming.required(SIGNATURE)?;
        let list = incoming.required(SIGNED_HEADERS)?;
        let at = millis(TIMESTAMP, incoming.required(TIMESTAMP)?)?;
        let listed = listed(list)?;
        let headers = signed_headers(incoming, &listed)?;
        let message = |path: Cow<'_, str>| {
            let head = format!("{}\n{path}\n{headers}\n", incoming.method);
            vec![
                Cow::Owned(head.into_bytes()),
                Cow::Borrowed(&*incoming.body),
            ]
        };
        let delivery_id = match listed.iter().any(|name| name == DELIVERY) {
            true => incoming.header(DELIVERY)?,
            false => None,
        };
        // The toolkit encodes the path once more than it came; whether the sender does too is not said.
        let target = incoming.target();
        let messages = [as_the_toolkit_has_it(&target), Cow::Borrowed(&*target)].map(message);
        Ok(Signed {
            header: SIGNATURE,
            messages: messages.into(),
            proofs: vec![Proof::HmacSha256(
                Encoding::Hex.decode(SIGNATURE, signature, 32)?,
            )],
            at: Some(at),
            delivery_id: delivery_id.filter(|id| !id.is_empty()),
        })
    }
}

/// The headers that are signed, sorted; they must cover their own list, and the time.
fn listed(list: &str) -> Result<Vec<String>, Flaw> {
    let mut names: Vec<String> = list
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    names.sort_unstable();
    for needed in [SIGNED_HEADERS, TIMESTAMP] {
        if !names.iter().any(|name| name == needed) {
            let what = format!("does not name {needed}, so the signature does not cover it");
            return Err(Flaw::header(SIGNED_HEADERS, &what));
        }
    }
    Ok(names)
}

/// `name:value` of each of them.
fn signed_headers(incoming: &Incoming, listed: &[String]) -> Result<String, Flaw> {
    let pairs = listed.iter().map(|name| {
        let value = incoming.header(name)?;
        let dropped = || {
            Flaw::header(
                name,
                "is signed but did not arrive: something on the way took it out",
            )
        };
        Ok(format!("{name}:{}", value.ok_or_else(dropped)?))
    });
    Ok(pairs.collect::<Result<Vec<_>, Flaw>>()?.join(";"))
}

/// What the toolkit loses, after a second question mark, counts here.
fn as_the_toolkit_has_it(target: &str) -> Cow<'_, str> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = utf8_percent_encode(path, URI).to_string();
    match query {
        "" => path.into(),
        query if query.contains('?') => target.into(),
        query => {
            let query = utf8_percent_encode(query, COMPONENT).to_string();
            format!("{path}?{}", utf8_percent_encode(&query, URI)).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toolkit_encodes_twice() {
        for (came, signed) in [
            ("/hooks/a%20b", "/hooks/a%2520b"),
            ("/hooks/café", "/hooks/caf%C3%A9"),
            ("/h?a=1&b=2", "/h?a%253D1%2526b%253D2"),
            ("/h?", "/h"),
            ("/h?a?b", "/h?a?b"),
        ] {
            assert_eq!(as_the_toolkit_has_it(came), signed);
        }
    }
}
