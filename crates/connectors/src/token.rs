//! The secret itself as the proof, for senders that sign nothing.
//!
//! Ensures that the secret is looked for in headers only: URLs end up in logs. Proves nothing of the
//! body, and a request that was read can be sent again: use TLS, and repeats are known by their bytes.

use slugline_core::http;
use slugline_core::webhook::{Flaw, Incoming};

use crate::signature::{Proof, Scheme, Signed};

const AUTHORIZATION: &str = "authorization";
/// For senders whose `Authorization` is taken by something else.
const TOKEN: &str = "x-slugline-token";

/// The secret in `Authorization: Bearer SECRET` or `X-Slugline-Token: SECRET`.
pub(crate) struct Token;

impl Scheme for Token {
    fn covers(&self) -> &'static str {
        "nothing: it is the secret itself"
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
