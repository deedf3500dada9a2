//! The encryption of credentials that rotate.
//!
//! Ensures that what the store keeps of a credential tells nothing without `[server] secret_key`, and
//! that it cannot be passed off as another line's or as another one of its line. Needs no dice: the
//! cipher (AES-256-GCM-SIV, RFC 8452) stays safe even where two nodes seal under the same number.

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Key, KeyInit, Nonce};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use slugline_core::credential::Credential;
use slugline_core::secret::Secret;

use crate::store::KeptCredential;

/// Keeps this key apart from whatever else may be derived from the same secret.
const PURPOSE: &[u8] = b"slugline: credentials that rotate\0";
/// Characters of the secret: 32 random ones in base 64 or hex cannot be guessed.
pub const MIN_SECRET: usize = 32;

/// What credentials are encrypted with.
pub struct SealingKey(Aes256GcmSiv);

impl SealingKey {
    /// The key of a secret.
    ///
    /// # Errors
    /// A secret that is too short, without repeating it.
    pub fn new(secret: &Secret) -> Result<Self, String> {
        if secret.expose().len() < MIN_SECRET {
            return Err(format!(
                "is shorter than {MIN_SECRET} characters; make one with `openssl rand -hex 32`"
            ));
        }
        let digest = Sha256::new()
            .chain_update(PURPOSE)
            .chain_update(secret.expose())
            .finalize();
        let key: [u8; 32] = digest.into();
        Ok(Self(Aes256GcmSiv::new(&Key::<Aes256GcmSiv>::from(key))))
    }

    /// Encrypts the credential of this number in the line of this name; `None` where the cipher
    /// refuses (a credential of gigabytes).
    #[must_use]
    pub fn seal(&self, name: &str, number: i64, credential: &Credential) -> Option<KeptCredential> {
        let plain = credential.to_plain();
        let payload = Payload {
            msg: &plain,
            aad: name.as_bytes(),
        };
        let sealed = self.0.encrypt(&nonce(number), payload).ok()?;
        Some(KeptCredential {
            number,
            sealed: Bytes::from(sealed),
        })
    }

    /// Decrypts; `None` for what another key, line or number sealed, or what was changed.
    #[must_use]
    pub fn open(&self, name: &str, kept: &KeptCredential) -> Option<Credential> {
        let payload = Payload {
            msg: &kept.sealed,
            aad: name.as_bytes(),
        };
        let plain = self.0.decrypt(&nonce(kept.number), payload).ok()?;
        Credential::from_plain(&plain)
    }
}

fn nonce(number: i64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Nonce::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: &str) -> SealingKey {
        SealingKey::new(&Secret::new(byte.repeat(MIN_SECRET))).unwrap()
    }

    fn credential() -> Credential {
        Credential {
            access: Secret::new("access-7"),
            refresh: Secret::new("refresh-7"),
            expires_at: None,
        }
    }

    #[test]
    fn only_the_same_key_line_and_number_open_it() {
        let kept = key("a").seal("blog:1", 7, &credential()).unwrap();
        assert_eq!(key("a").open("blog:1", &kept), Some(credential()));
        assert_eq!(key("b").open("blog:1", &kept), None);
        assert_eq!(key("a").open("shop:1", &kept), None);
        let moved = KeptCredential { number: 8, ..kept };
        assert_eq!(key("a").open("blog:1", &moved), None);
    }

    #[test]
    fn nothing_of_it_can_be_read_and_no_bit_be_changed() {
        let kept = key("a").seal("blog:1", 7, &credential()).unwrap();
        let text = String::from_utf8_lossy(&kept.sealed).into_owned();
        assert!(
            !text.contains("access") && !text.contains("refresh"),
            "{text}"
        );
        for at in 0..kept.sealed.len() {
            let mut bytes = kept.sealed.to_vec();
            bytes[at] ^= 1;
            let changed = KeptCredential {
                number: 7,
                sealed: bytes.into(),
            };
            assert_eq!(key("a").open("blog:1", &changed), None);
        }
    }

    #[test]
    fn a_short_secret_is_refused_without_repeating_it() {
        let why = SealingKey::new(&Secret::new("hunter2")).err().unwrap();
        assert!(
            why.contains("32 characters") && !why.contains("hunter2"),
            "{why}"
        );
    }
}
