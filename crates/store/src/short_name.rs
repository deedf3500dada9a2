//! Short names of things whose own names are long and random.
//!
//! Ensures that a name is 16 bytes of SHA-256, so that two never meet by accident, however long
//! what it stands for is.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

/// A name of 16 bytes.
pub(crate) type ShortName = [u8; 16];

/// Bytes of a name by which a family is found.
const FAMILY: usize = 8;

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

/// The name of a member of a family: families lie together in every order by name.
pub(crate) fn within(family: &[&str], member: &[&str]) -> ShortName {
    let mut name = of(family);
    name[FAMILY..].copy_from_slice(&of(member)[FAMILY..]);
    name
}

/// All the names that the family of this one can have.
pub(crate) fn family(member: ShortName) -> RangeInclusive<ShortName> {
    let (mut first, mut last) = (member, member);
    first[FAMILY..].fill(0);
    last[FAMILY..].fill(u8::MAX);
    first..=last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), of(&["a", ""]));
    }

    #[test]
    fn a_family_holds_its_members_and_no_others() {
        let (en, de, other) = (
            within(&["post"], &["en"]),
            within(&["post"], &["de"]),
            within(&["page"], &["en"]),
        );
        assert_ne!(en, de);
        assert!(family(en).contains(&de) && family(de).contains(&en));
        assert!(!family(en).contains(&other));
    }
}
