//! The secret itself as the proof, for senders that sign nothing.
//!
//! Ensures that the secret is looked for in headers, or, for senders that cannot set any and only where the
//! configuration says so, at the end of the URL's path. Proves nothing of the body, and a request that was
//! read can be sent again: use TLS, and repeats are known by their bytes. URLs end up in the logs of whoever
//! stands between.

use slugline_core::http;
use slugline_core::secret::Secret;
use slugline_core::webhook::{Flaw, Incoming};

use crate::signature::{Key, Proof, Scheme, Signed};

const AUTHORIZATION: &str = "authorization";
/// For senders whose `Authorization` is taken by something else.
const TOKEN: &str = "x-slugline-token";
const COVERS_NOTHING: &str = "nothing: it is the secret itself";
/// Characters of a secret in a URL: of 64 that are random, 22 hold 128 bits.
const SHORTEST_IN_URL: usize = 22;

/// The secret in `Authorization: Bearer SECRET` or `X-Slugline-Token: SECRET`.
pub(crate) struct Token;

impl Scheme for Token {
    fn covers(&self) -> &'static str {
        COVERS_NOTHING
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let (header, token) = match incoming.header(TOKEN)? {
            Some(token) => (TOKEN, token),
            None => (AUTHORIZATION, bearer(incoming)?),
        };
        Ok(Signed {
            header,
            messages: vec![Vec::new()],
            proofs: vec![Proof::Token(token.as_bytes().to_vec())],
            at: None,
            delivery_id: None,
        })
    }
}

fn bearer(incoming: &Incoming) -> Result<&str, Flaw> {
    let form = || Flaw::header(AUTHORIZATION, "is not of the form Bearer SECRET");
    http::bearer(incoming.required(AUTHORIZATION)?).ok_or_else(form)
}

/// The secret as the last part of the URL's path.
pub(crate) struct PathToken;

impl Scheme for PathToken {
    fn covers(&self) -> &'static str {
        COVERS_NOTHING
    }

    fn is_in_path(&self) -> bool {
        true
    }

    /// Only what stands in a URL as it is: a secret with two spellings could be kept in the other one.
    fn key(&self, secret: &Secret) -> Result<Key, String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let text = secret.expose();
        if text.len() >= SHORTEST_IN_URL && text.bytes().all(plain) {
            return Key::of_text(secret);
        }
        Err(format!(
            "a secret in a URL is made of at least {SHORTEST_IN_URL} random letters and digits, and - . _ ~ perhaps (openssl rand -hex 32)"
        ))
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let target = incoming.target();
        let path = target.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        Ok(Signed {
            header: "",
            messages: vec![Vec::new()],
            proofs: vec![Proof::PathToken(last.as_bytes().to_vec())],
            at: None,
            delivery_id: None,
        })
    }
}
