//! The producer's order of an item, and our own.
//!
//! Ensures that versions of one kind compare and versions of different kinds never do.
//! A **version** is the producer's (an integer or a time); a **generation** is our counter.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::time::Timestamp;

/// The producer's mark on one state of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// A counter.
    Number(i64),
    /// A modification time (`updated_at`), kept to the microsecond.
    Time(Timestamp),
}

/// Which of the two kinds an item's producer uses; fixed by the item's first version until it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionKind {
    /// Integers.
    Number,
    /// RFC 3339 times.
    Time,
}

impl Version {
    /// The kind of this version.
    #[must_use]
    pub fn kind(self) -> VersionKind {
        match self {
            Self::Number(_) => VersionKind::Number,
            Self::Time(_) => VersionKind::Time,
        }
    }

    /// The number under which the version is stored and compared within its kind.
    #[must_use]
    pub fn ordinal(self) -> i64 {
        match self {
            Self::Number(number) => number,
            Self::Time(at) => at.0,
        }
    }

    /// The version of `kind` with this ordinal.
    #[must_use]
    pub fn from_ordinal(kind: VersionKind, ordinal: i64) -> Self {
        match kind {
            VersionKind::Number => Self::Number(ordinal),
            VersionKind::Time => Self::Time(Timestamp(ordinal)),
        }
    }

    /// The smallest version that is newer than this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self::from_ordinal(self.kind(), self.ordinal().saturating_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Time(at) => write!(f, "{at}"),
        }
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Time(at) => at.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Version;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer or an RFC 3339 time")
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Version, E> {
                Ok(Version::Number(number))
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Version, E> {
                i64::try_from(number).map(Version::Number).map_err(|_| {
                    E::custom(format!(
                        "{number} is too large; the largest version is {}",
                        i64::MAX
                    ))
                })
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Version, E> {
                Timestamp::parse(text).map(Version::Time).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Our counter of accepted revisions of an item; the only order that destinations know.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Generation(pub i64);

impl Generation {
    /// The generation after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
