//! Many names in memory, each in a drawer by how it begins.
//!
//! Ensures that adding and finding a name touch one small drawer: a tree of as many costs several
//! times as much, for an order that is wanted only when a drawer is emptied. Names are digests, so no
//! drawer fills up before the others by itself. Who may publish could look for keys that share one:
//! then adding is as slow as that drawer is long, and nothing is lost.

use std::ops::RangeInclusive;

use super::names::Named;
use crate::short_name::ShortName;

/// Bits of a name that say in which drawer it lies: eight names in each of 16,384 drawers when there
/// are as many as are kept.
const BITS: u32 = 14;

/// A set of names.
pub(crate) struct Drawers {
    drawers: Vec<Vec<Named>>,
    len: usize,
}

impl Default for Drawers {
    fn default() -> Self {
        Self {
            drawers: vec![Vec::new(); 1 << BITS],
            len: 0,
        }
    }
}

impl Drawers {
    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a name, once.
    pub(crate) fn insert(&mut self, named: Named) {
        if let Some(drawer) = self.drawers.get_mut(place(&named.0))
            && !drawer.contains(&named)
        {
            drawer.push(named);
            self.len += 1;
        }
    }

    /// Takes a name out, if it is there.
    pub(crate) fn remove(&mut self, named: &Named) {
        if let Some(drawer) = self.drawers.get_mut(place(&named.0))
            && let Some(at) = drawer.iter().position(|there| there == named)
        {
            drawer.swap_remove(at);
            self.len -= 1;
        }
    }

    /// Those whose names are in the range, in no order.
    pub(crate) fn between<'a>(
        &'a self,
        range: &'a RangeInclusive<ShortName>,
    ) -> impl Iterator<Item = Named> + use<'a> {
        let drawers = place(range.start())..=place(range.end());
        let drawers = self.drawers.get(drawers).unwrap_or_default();
        let names = drawers.iter().flatten();
        names.filter(|(name, _)| range.contains(name)).copied()
    }

    /// Those after this one, in their order.
    pub(crate) fn after(&self, last: Named) -> impl Iterator<Item = Named> + use<'_> {
        let drawers = self.drawers.get(place(&last.0)..).unwrap_or_default();
        let in_order = drawers.iter().flat_map(|drawer| {
            let mut names = drawer.clone();
            names.sort_unstable();
            names
        });
        in_order.filter(move |named| *named > last)
    }
}

fn place(name: &ShortName) -> usize {
    let [first, second, ..] = *name;
    usize::from(u16::from_be_bytes([first, second]) >> (u16::BITS - BITS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ops::Bound;

    use super::*;
    use crate::short_name::{family, of};

    fn filled() -> (Drawers, BTreeSet<Named>) {
        let names = (0..50_000_i64).map(|number| (of(&[&(number / 2).to_string()]), number));
        let as_set: BTreeSet<Named> = names.collect();
        let mut drawers = Drawers::default();
        // Twice: each is kept once.
        for named in as_set.iter().chain(&as_set) {
            drawers.insert(*named);
        }
        (drawers, as_set)
    }

    #[test]
    fn they_hold_what_a_set_holds_in_its_order() {
        let (mut drawers, mut set) = filled();
        for named in set.clone().into_iter().step_by(3) {
            drawers.remove(&named);
            drawers.remove(&named);
            set.remove(&named);
        }
        assert_eq!(drawers.len(), set.len());
        let first = (ShortName::default(), i64::MIN);
        assert!(drawers.after(first).eq(set.iter().copied()));
        for last in set.iter().copied().step_by(997) {
            let rest = set.range((Bound::Excluded(last), Bound::Unbounded));
            assert!(drawers.after(last).take(50).eq(rest.copied().take(50)));
        }
    }

    #[test]
    fn a_range_finds_its_names_in_one_drawer_and_across_many() {
        let (drawers, set) = filled();
        let name = of(&["77"]);
        let (low, high) = (of(&["1"]).min(of(&["2"])), of(&["1"]).max(of(&["2"])));
        for range in [name..=name, family(name), low..=high] {
            let found: BTreeSet<Named> = drawers.between(&range).collect();
            let wanted = set.iter().filter(|(name, _)| range.contains(name));
            assert_eq!(found, wanted.copied().collect());
            assert!(found.len() >= 2);
        }
    }
}
