//! What a destination that can be listed lists.

use std::collections::BTreeMap;

use slugline_core::connector::Verification;
use slugline_core::item::Action;
use slugline_core::port::ENTRY;

use super::stage::StagePort;
use super::{Rehearsal, SLUGS, Vendor};
use crate::port::end;

/// More entries of persons than any page holds.
const PERSONS: usize = 230;
/// Pages after which a listing is taken not to end.
const MANY: usize = 50;

impl<V: Vendor> Rehearsal<V> {
    /// All pages, by name; `None` where nothing can be listed.
    fn listed(&mut self) -> Option<BTreeMap<String, Option<String>>> {
        let (mut all, mut cursor) = (BTreeMap::new(), None::<String>);
        for _ in 0..MANY {
            let port = StagePort::new(&mut self.stage, 0);
            let page = end(self.connector.list(cursor.as_deref(), &port)?).unwrap();
            for entry in page.entries {
                let before = all.insert(entry.name.clone(), entry.fingerprint);
                assert_eq!(before, None, "{} is listed twice", entry.name);
            }
            cursor = page.next;
            if cursor.is_none() {
                return Some(all);
            }
        }
        panic!("the listing does not end: {cursor:?}");
    }

    fn name_of(&self, item: usize) -> String {
        self.stage.effects[&(Some(item), ENTRY)].clone()
    }

    fn verified(&mut self, item: usize) -> String {
        let work = &self.stories[&item].work;
        let port = StagePort::new(&mut self.stage, item);
        match end(self.connector.verify(work, &port)).unwrap() {
            Verification::Matched(shown) => shown.fingerprint,
            differs => panic!("{differs:?}"),
        }
    }
}

pub(crate) fn a_listing_has_all_that_is_there<V: Vendor>() {
    let mut rehearsal = Rehearsal::<V>::calm(1);
    if rehearsal.listed().is_none() {
        return;
    }
    assert_eq!(rehearsal.listed(), Some(BTreeMap::new()));
    for item in 0..SLUGS.len() {
        rehearsal.next(item, Action::Publish);
        rehearsal.run(item);
    }
    for number in 0..PERSONS {
        let (slug, now) = (format!("by-hand-{number}"), rehearsal.stage.now);
        let vendor = &mut rehearsal.stage.vendor;
        vendor.write_as_person(&slug, &slug, false, now);
    }
    let writes = rehearsal.stage.writes;
    let listed = rehearsal.listed().unwrap();
    assert_eq!(listed.len(), PERSONS + SLUGS.len());
    for item in 0..SLUGS.len() {
        assert!(listed.contains_key(&rehearsal.name_of(item)));
    }
    assert_eq!(rehearsal.stage.writes, writes, "it only reads");
}

pub(crate) fn what_is_as_verified_is_listed_so<V: Vendor>() {
    let mut rehearsal = Rehearsal::<V>::shown();
    if rehearsal.listed().is_none() {
        return;
    }
    let (name, verified) = (rehearsal.name_of(0), rehearsal.verified(0));
    let fingerprint = |rehearsal: &mut Rehearsal<V>| rehearsal.listed().unwrap().remove(&name);
    assert_eq!(fingerprint(&mut rehearsal), Some(Some(verified.clone())));
    rehearsal.meddle_with(0, Some("changed by hand"));
    let changed = fingerprint(&mut rehearsal);
    assert!(changed.is_some() && changed != Some(Some(verified)));
    rehearsal.meddle_with(0, None);
    assert_eq!(fingerprint(&mut rehearsal), None, "somebody removed it");
    rehearsal.settle();
    let back = rehearsal.name_of(0);
    rehearsal.next(0, Action::Unpublish);
    rehearsal.run(0);
    let (rest, left) = (rehearsal.verified(0), rehearsal.listed().unwrap());
    let left = left.get(&back).cloned();
    assert!(
        left.is_none() || left == Some(Some(rest)),
        "what a removal leaves is listed as it was verified"
    );
}
