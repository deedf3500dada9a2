//! What a run found wrong. Ensures that nothing found is lost, and that a flood of the same fault stays readable.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Findings of one kind that are told in words; more are counted only.
const TOLD: usize = 5;

/// What kind of promise was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wrong {
    /// Acknowledged, and not there (P1).
    Lost,
    /// One key with two outcomes, or one generation delivered as two (P2, P3).
    Twin,
    /// An older generation after a newer one (P4).
    Backwards,
    /// An answer that is not what was promised for such a request.
    Answer,
    /// A delivery whose signature does not hold, or whose bytes changed under one id.
    Message,
    /// Neither live nor superseded when everything had time to settle (P6).
    Stuck,
    /// The log is not whole (P8).
    Log,
}

/// Collects findings while load, sink and killer run on one thread.
#[derive(Default)]
pub(super) struct Findings(RefCell<BTreeMap<Wrong, Vec<String>>>);

impl Findings {
    /// Notes one.
    pub(super) fn note(&self, wrong: Wrong, what: String) {
        self.0.borrow_mut().entry(wrong).or_default().push(what);
    }

    /// How many of each kind, kinds without any left out.
    pub(super) fn counts(&self) -> BTreeMap<Wrong, usize> {
        let found = self.0.borrow();
        found.iter().map(|(kind, all)| (*kind, all.len())).collect()
    }

    /// The first few of each kind, in words.
    pub(super) fn told(&self) -> Vec<String> {
        let found = self.0.borrow();
        let few = found.iter().flat_map(|(kind, all)| {
            let line = move |what: &String| format!("{kind:?}: {what}");
            all.iter().take(TOLD).map(line)
        });
        few.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_a_few_are_told() {
        let findings = Findings::default();
        (0..100).for_each(|number| findings.note(Wrong::Lost, format!("key {number}")));
        findings.note(Wrong::Log, "torn".into());
        assert_eq!(findings.counts()[&Wrong::Lost], 100);
        assert_eq!(findings.told().len(), TOLD + 1);
    }
}
