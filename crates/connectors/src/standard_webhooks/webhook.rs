//! Verifying, versions `v1` (HMAC-SHA256) and `v1a` (ed25519).
//!
//! Ensures that id, time and body are proved together, and that a public key proves `v1a` only. Takes
//! Svix's names of the headers too. Stricter than the reference libraries about the time: digits only.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use slugline_core::secret::Secret;
use slugline_core::webhook::{Flaw, Incoming};

use super::{PRIVATE, PUBLIC, shared};
use crate::signature::{Encoding, Key, Proof, Scheme, Signed, seconds};

/// Bytes of an ed25519 public key.
const PUBLIC_BYTES: usize = 32;

/// The headers of a message: id, timestamp, signature.
const NAMES: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

/// The signature of a message.
pub(crate) struct StandardWebhooks;

impl Scheme for StandardWebhooks {
    fn covers(&self) -> &'static str {
        "id.timestamp.body"
    }

    fn key(&self, secret: &Secret) -> Result<Key, String> {
        let text = secret.expose().trim();
        let begins_as = |prefix: &str| {
            let head = text.get(..prefix.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        // Whatever looks like a public key must never be taken for a shared secret.
        if begins_as(PUBLIC) && !text.starts_with(PUBLIC) {
            return Err(format!(
                "a public key begins with {PUBLIC}, in small letters"
            ));
        }
        if begins_as(PRIVATE) {
            return Err(format!(
                "this is the sender's private key; give its public one ({PUBLIC}…)"
            ));
        }
        let Some(public) = text.strip_prefix(PUBLIC) else {
            return shared(text).map(Key::Shared);
        };
        let bytes = BASE64_STANDARD.decode(public).ok();
        let bytes = bytes.filter(|bytes| bytes.len() == PUBLIC_BYTES);
        bytes
            .map(Key::Public)
            .ok_or_else(|| format!("after {PUBLIC} a key must be base64 of {PUBLIC_BYTES} bytes"))
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let is_svix = incoming.header(NAMES[2])?.is_none() && incoming.header(SVIX[2])?.is_some();
        let [id, timestamp, signature] = if is_svix { SVIX } else { NAMES };
        let list = incoming.required(signature)?;
        let (id, time) = (incoming.required(id)?, incoming.required(timestamp)?);
        let proofs = proofs(list);
        if proofs.is_empty() {
            return Err(Flaw::header(
                signature,
                "has no signature of version v1 or v1a",
            ));
        }
        Ok(Signed {
            header: signature,
            messages: vec![vec![
                Cow::Borrowed(id.as_bytes()),
                Cow::Borrowed(b"."),
                Cow::Borrowed(time.as_bytes()),
                Cow::Borrowed(b"."),
                Cow::Borrowed(&*incoming.body),
            ]],
            proofs,
            at: Some(seconds(timestamp, time)?),
            delivery_id: Some(id),
        })
    }
}

/// Those that can be checked: others are of versions to come, or of keys that are not ours.
fn proofs(list: &str) -> Vec<Proof> {
    let proof = |signature: &str| {
        let (version, text) = signature.split_once(',')?;
        let decoded = |length| Encoding::Base64.bytes(text, length);
        match version {
            "v1" => decoded(32).map(Proof::HmacSha256),
            "v1a" => decoded(64).map(Proof::Ed25519),
            _ => None,
        }
    };
    list.split(' ').filter_map(proof).collect()
}
