//! Short names of things whose own names are long and random.
//!
//! Ensures that keys and slugs are found through 16 bytes: half of a SHA-256, so that two never
//! meet by accident, and a row that is a third as wide.

use sha2::{Digest, Sha256};

/// A name of 16 bytes.
pub(crate) type ShortName = [u8; 16];

/// The short name of a list of parts. Each goes in with its length, so that no two lists agree.
pub(crate) fn of(parts: &[&str]) -> ShortName {
    let digest = parts.iter().fold(Sha256::new(), |digest, part| {
        digest
            .chain_update((part.len() as u64).to_be_bytes())
            .chain_update(part.as_bytes())
    });
    let whole: [u8; 32] = digest.finalize().into();
    let mut name = ShortName::default();
    name.copy_from_slice(&whole[..16]);
    name
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), of(&["a", ""]));
    }
}
