//! Standard Webhooks 1.0 (standard-webhooks/spec): messages that go out, and those that come in.
//!
//! Ensures that a secret means the same in both directions.

pub(crate) mod changes;
pub(crate) mod sign;
pub(crate) mod webhook;

use std::ops::RangeInclusive;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Bytes of a key, as the specification limits them.
const KEY_BYTES: RangeInclusive<usize> = 24..=64;
/// What a symmetric secret begins with.
const SHARED: &str = "whsec_";
/// What the specification's ed25519 keys begin with: the sender's own, and the one to give away.
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// The bytes of a symmetric secret. After `whsec_`, base64 of 24 to 64 bytes, as the specification asks
/// (the libraries take any length). Without the prefix, base64 of that many bytes is decoded too, as the
/// libraries do; any other text is its own bytes.
fn shared(text: &str) -> Result<Vec<u8>, String> {
    let decoded = BASE64_STANDARD
        .decode(text.strip_prefix(SHARED).unwrap_or(text))
        .ok();
    match decoded.filter(|bytes| KEY_BYTES.contains(&bytes.len())) {
        Some(bytes) => Ok(bytes),
        None if text.starts_with(SHARED) => Err(format!(
            "after {SHARED} a secret must be base64 of {} to {} bytes",
            KEY_BYTES.start(),
            KEY_BYTES.end()
        )),
        None if text.is_empty() => Err("the secret is empty".into()),
        None => Ok(text.as_bytes().to_vec()),
    }
}
