//! Signing, version `v1`: HMAC-SHA256.
//!
//! Ensures that a message is signed with every active key, so that receivers can rotate. Does not do
//! `v1a` (ed25519).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use slugline_core::secret::Secret;
use slugline_core::time::Timestamp;

use super::{PRIVATE, PUBLIC, shared};

/// A key that signs.
#[derive(Clone)]
pub(crate) struct Key(Hmac<Sha256>);

impl Key {
    /// Reads a symmetric secret.
    pub(crate) fn parse(secret: &Secret) -> Result<Self, String> {
        let text = secret.expose().trim();
        if [PRIVATE, PUBLIC]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            return Err("the secret is an ed25519 key; use a symmetric one (whsec_…)".into());
        }
        Hmac::new_from_slice(&shared(text)?)
            .map(Self)
            .map_err(|why| why.to_string())
    }

    /// `v1,` and the base64 of the HMAC over `id.timestamp.body`; `timestamp` in Unix seconds.
    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The three headers of a message: its stable id, the time of this attempt, and a signature for
/// each key.
pub(crate) fn headers(
    keys: &[Key],
    id: &str,
    at: Timestamp,
    body: &[u8],
) -> [(&'static str, String); 3] {
    let timestamp = at.unix_seconds();
    let signatures: Vec<String> = keys
        .iter()
        .map(|key| key.sign(id, timestamp, body))
        .collect();
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str = include_str!("../../tests/standard_webhooks.json");

    fn key(text: &str) -> Result<Key, String> {
        Key::parse(&Secret::new(text))
    }

    #[test]
    fn the_vectors_hold() {
        let vectors: Vec<serde_json::Value> = serde_json::from_str(VECTORS).unwrap();
        for vector in &vectors {
            let text = |name: &str| vector[name].as_str().unwrap();
            let header = |name: &str| vector["headers"][name].as_str().unwrap();
            let at = Timestamp(header("webhook-timestamp").parse::<i64>().unwrap() * 1_000_000);
            let keys = [key(text("secret")).unwrap()];
            let [_, _, (_, ours)] =
                headers(&keys, header("webhook-id"), at, text("body").as_bytes());
            let signed = header("webhook-signature")
                .split(' ')
                .any(|theirs| theirs == ours);
            assert_eq!(signed, vector["valid"], "{}", text("note"));
        }
        assert!(vectors.len() > 5);
    }

    #[test]
    fn each_active_key_signs() {
        let keys = [key("first secret").unwrap(), key("second secret").unwrap()];
        let [_, _, (_, both)] = headers(&keys, "msg_1", Timestamp(0), b"{}");
        let [_, _, (_, last)] = headers(&keys[1..], "msg_1", Timestamp(0), b"{}");
        assert_eq!(both.split(' ').count(), 2);
        assert!(both.ends_with(&last));
    }

    #[test]
    fn a_secret_that_cannot_sign_is_refused() {
        assert!(key("whsec_c2hvcnQ=").is_err_and(|why| why.contains("24 to 64")));
        assert!(key("whsec_not base64").is_err());
        assert!(key(" ").is_err());
        assert!(key("whsk_AAAA").is_err_and(|why| why.contains("ed25519")));
        assert!(key("hunter2").is_ok());
    }
}
