//! What producers were told. Ensures that each acknowledged key is remembered with the publish that was named for it,
//! and each item with the newest version that was accepted. It is the measure that everything else is held against.

use std::collections::{BTreeMap, HashMap};

use crate::wire::Key;

/// A content item of the run.
pub(super) type Content = u32;

/// An item's content id.
pub(super) fn content_id(content: Content) -> String {
    format!("item-{content}")
}

/// An acknowledged publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Acknowledged {
    pub(super) publish_id: String,
    pub(super) content: Content,
    pub(super) version: u64,
}

/// The newest accepted version of an item, and whether it took the item away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Newest {
    pub(super) version: u64,
    pub(super) removed: bool,
}

/// Everything that was acknowledged.
#[derive(Default)]
pub(super) struct Ledger {
    acknowledged: HashMap<Key, Acknowledged>,
    newest: BTreeMap<Content, Newest>,
}

impl Ledger {
    /// A key was answered with success; an item's versions are acknowledged in their order.
    pub(super) fn acknowledge(&mut self, key: Key, publish: Acknowledged, removed: bool) {
        let newest = Newest {
            version: publish.version,
            removed,
        };
        self.newest.insert(publish.content, newest);
        self.acknowledged.insert(key, publish);
    }

    /// What was named for a key.
    pub(super) fn of(&self, key: Key) -> Option<&Acknowledged> {
        self.acknowledged.get(&key)
    }

    /// All acknowledged keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = (Key, &Acknowledged)> {
        self.acknowledged
            .iter()
            .map(|(key, publish)| (*key, publish))
    }

    /// How many keys were acknowledged.
    pub(super) fn count(&self) -> usize {
        self.acknowledged.len()
    }

    /// Each item's newest accepted version.
    pub(super) fn newest(&self) -> impl Iterator<Item = (Content, Newest)> {
        self.newest
            .iter()
            .map(|(content, newest)| (*content, *newest))
    }
}
