//! What the contract needs of a vendor.

use std::collections::BTreeMap;

use bytes::Bytes;
use slugline_connectors::fake::Fake;
use slugline_core::connector::{Connector, Work};
use slugline_core::time::Timestamp;

/// A public entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) hero: Option<Bytes>,
    pub(crate) by_person: bool,
}

/// Makes a work one that the vendor refuses.
pub(crate) type Spoil = fn(&mut Work);

/// A vendor's fake, and what can be seen at it without asking its API. What has a body here is for
/// destinations that cannot be read: they show nothing, and persons do not write there.
pub(crate) trait Vendor: AsMut<dyn Fake> + Send {
    /// Rehearsals of a test run.
    const SEEDS: u64 = 2_000;

    /// The connector under test, pointed at the fake.
    fn connector() -> Box<dyn Connector>;

    /// The connector with credentials that are refused; `None` where there are none.
    fn locked_out() -> Option<Box<dyn Connector>>;

    /// What the vendor or its connector refuses, each with the path of the field.
    fn refuses() -> Vec<(&'static str, Spoil)>;

    /// A fresh fake.
    fn new() -> Self;

    /// The files, where the destination is a directory.
    fn files(&mut self) -> Option<&mut BTreeMap<String, Bytes>> {
        None
    }

    /// A person publishes an entry; `at_once`: at the moment at which another one gets the slug.
    fn write_as_person(&mut self, _slug: &str, _title: &str, _at_once: bool, _now: Timestamp) {}

    /// A person gives our public entry with this slug another title, or with `None` removes it.
    fn meddle(&mut self, _slug: &str, _title: Option<&str>, _now: Timestamp) {}

    /// What the public sees, by slug, a person's entries included.
    fn shown(&self) -> Vec<Entry> {
        Vec::new()
    }

    /// Entries of ours that nobody sees.
    fn hidden(&self) -> usize {
        0
    }

    /// How many media there are.
    fn media(&self) -> usize {
        0
    }

    /// Whether a medium with this effect is there, not only about to be.
    fn is_uploaded(_result_ref: &str) -> bool {
        true
    }

    /// The messages that arrived, as id and body, where the destination takes messages.
    fn received(&self) -> &[(String, Bytes)] {
        &[]
    }
}
