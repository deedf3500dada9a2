//! Lanes: what must be serial at a destination.
//!
//! Ensures that a connector can say in one word which runs must not overlap.

use serde::{Deserialize, Serialize};

/// How wide a destination's lanes are; the connector names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneScope {
    /// One lane per item and locale: the usual.
    ItemLocale,
    /// One lane per item: the vendor keeps all locales in one entry.
    Item,
    /// One lane for the whole destination: coalesced signals.
    Target,
}

/// A lane, in the store's integers. Two runs of one lane never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// The destination's number.
    pub destination: i64,
    /// The item's number, the content's number negated, or 0 for the whole destination.
    pub key: i64,
}

impl Lane {
    /// The lane of an item at a destination. `item` numbers (content, locale) and `content` numbers
    /// the content across its locales; both are positive.
    #[must_use]
    pub fn of(scope: LaneScope, destination: i64, item: i64, content: i64) -> Self {
        let key = match scope {
            LaneScope::ItemLocale => item,
            LaneScope::Item => -content,
            LaneScope::Target => 0,
        };
        Self { destination, key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_share_a_lane_only_where_the_vendor_keeps_them_together() {
        let lane = |scope, item| Lane::of(scope, 1, item, 7);
        assert_ne!(
            lane(LaneScope::ItemLocale, 3),
            lane(LaneScope::ItemLocale, 4)
        );
        assert_eq!(lane(LaneScope::Item, 3), lane(LaneScope::Item, 4));
        assert_eq!(
            lane(LaneScope::Target, 3),
            Lane::of(LaneScope::Target, 1, 9, 9)
        );
        assert_ne!(lane(LaneScope::ItemLocale, 7), lane(LaneScope::Item, 7));
    }
}
