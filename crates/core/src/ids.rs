//! Identifiers that the store hands out, and how they read outside.
//!
//! Ensures that an id is typed, short, sortable by age and tells what it names (`pub_…`, `job_…`,
//! `whk_…`, `rec_…`, `rpl_…`, `evt_…`). Inside they are integers, because random keys cost a page write each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Crockford's base 32: no I, L, O or U, so that an id can be read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Digits of an id: 8 × 5 bits = 10^12 publishes, and ids of one kind sort as text.
const WIDTH: usize = 8;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl $name {
            /// What such an id begins with.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(&encode(self.0))
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                text.strip_prefix($prefix).and_then(decode).map($name).ok_or_else(|| {
                    format!("{text:?} is not an id of the form {}{}", $prefix, "0".repeat(WIDTH))
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// One operation on one item.
    PublishId,
    "pub_"
);
id!(
    /// One publish at one destination.
    JobId,
    "job_"
);

id!(
    /// One webhook that came in.
    WebhookId,
    "whk_"
);

id!(
    /// One comparison of a destination with what is desired there.
    ReconciliationId,
    "rec_"
);

id!(
    /// One replay of what was asked for before.
    ReplayId,
    "rpl_"
);

id!(
    /// One entry of the log, as the event contract names it: its place.
    EventId,
    "evt_"
);

/// The right of one holder, such as that of one run to settle its job; grows each time it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fence(pub i64);

fn encode(number: i64) -> String {
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::with_capacity(13);
    while rest > 0 || digits.len() < WIDTH {
        digits.push(ALPHABET[(rest % 32) as usize]);
        rest /= 32;
    }
    digits
        .iter()
        .rev()
        .map(|&digit| char::from(digit))
        .collect()
}

fn decode(text: &str) -> Option<i64> {
    if text.len() < WIDTH || text.len() > 13 {
        return None;
    }
    text.bytes().try_fold(0_i64, |value, byte| {
        let digit = ALPHABET.iter().position(|&known| known == byte)?;
        value
            .checked_mul(32)?
            .checked_add(i64::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_sorts_by_age() {
        let (early, late) = (PublishId(31), PublishId(1_000_000));
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(late.to_string().parse(), Ok(late));
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn another_kind_of_id_is_refused() {
        assert!(JobId(7).to_string().parse::<PublishId>().is_err());
        assert!("pub_".parse::<PublishId>().is_err());
        assert!("pub_IIIIIIII".parse::<PublishId>().is_err());
    }
}
