//! What persons do to our entries: the next run repairs it, or reports it where it must not.

use slugline_core::item::Action;
use slugline_core::reason::Reason;

use super::{Rehearsal, Vendor, protected_run};
use crate::contract::stage::StagePort;

impl<V: Vendor> Rehearsal<V> {
    /// A person edits or removes what an item shows.
    pub(super) fn meddle(&mut self, item: usize) {
        let title = self.stage.dice.chance(0.5).then_some("changed by hand");
        self.meddle_with(item, title);
    }

    pub(super) fn meddle_with(&mut self, item: usize, title: Option<&str>) {
        let slug = self.stories[&item].work.slug.clone();
        self.stage.vendor.meddle(&slug, title, self.stage.now);
    }

    /// An item that is shown as it should be.
    pub(super) fn shown() -> Self {
        let mut rehearsal = Self::calm(1);
        rehearsal.next(0, Action::Publish);
        rehearsal.run(0);
        rehearsal.check();
        rehearsal
    }
}

pub(crate) fn drift_is_overwritten<V: Vendor>() {
    for title in [Some("changed by hand"), None] {
        let mut rehearsal = Rehearsal::<V>::shown();
        let before = rehearsal.stage.vendor.shown();
        rehearsal.meddle_with(0, title);
        let readable = V::connector().capabilities().readable;
        let changed = rehearsal.stage.vendor.shown() != before;
        assert_eq!(changed, readable, "a person can change what can be read");
        rehearsal.settle();
        rehearsal.check();
    }
}

pub(crate) fn drift_is_reported<V: Vendor>() {
    if !V::connector().capabilities().readable {
        return;
    }
    let mut rehearsal = Rehearsal::<V>::shown();
    let run = |rehearsal: &mut Rehearsal<V>, fingerprint: Option<&str>| {
        let port = StagePort::new(&mut rehearsal.stage, 0);
        let work = &rehearsal.stories[&0].work;
        protected_run(rehearsal.connector.as_ref(), work, &port, fingerprint)
    };
    let verified = run(&mut rehearsal, None).unwrap();
    let fingerprint = Some(verified.fingerprint.as_str());
    assert_eq!(run(&mut rehearsal, fingerprint), Ok(verified.clone()));
    rehearsal.meddle_with(0, Some("changed by hand"));
    for _ in 0..2 {
        let (before, writes) = (rehearsal.stage.vendor.shown(), rehearsal.stage.writes);
        let failure = run(&mut rehearsal, fingerprint).unwrap_err();
        assert_eq!(failure.reason, Reason::Diverged, "{failure:?}");
        assert_eq!(rehearsal.stage.vendor.shown(), before);
        assert_eq!(rehearsal.stage.writes, writes, "nothing is written");
        // Nor by the next generation.
        rehearsal.next(0, Action::Publish);
    }
}
