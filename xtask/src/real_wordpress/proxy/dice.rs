//! Which fault a request meets. Ensures that the same seed and the same order of requests give the same faults,
//! that faults which a kind of request has met least come first, and that none comes once they are switched off.

use super::fault::Fault;
use super::kind::Kind;
use super::table::Table;

/// Chance that a request meets a fault while its kind has not met them all: rare kinds must fill their row too.
const CHANCE_WHILE_EMPTY: f64 = 0.5;
/// Chance for a write, later on. A publish makes about ten requests, so most publishes still meet one.
const CHANCE_OF_A_WRITE: f64 = 0.15;
/// Chance for a read, later on.
const CHANCE_OF_A_READ: f64 = 0.05;

/// Seeded dice with the record of what they decided.
#[derive(Debug)]
pub(crate) struct Dice {
    random: fastrand::Rng,
    table: Table,
    enabled: bool,
}

impl Dice {
    /// Dice that begin switched off.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            table: Table::default(),
            enabled: false,
        }
    }

    /// Switches all faults on or off.
    pub(crate) fn enable(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    /// What was decided so far.
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// The fault for a request of `kind`, counted; `None`: it passes.
    pub(crate) fn roll(&mut self, kind: Kind) -> Option<Fault> {
        self.table.count_request(kind);
        let candidates = self.least_met(kind);
        if !self.enabled
            || candidates.is_empty()
            || self.random.f64() >= self.chance(kind, candidates[0])
        {
            return None;
        }
        let fault = candidates[self.choose(candidates.len())];
        self.table.count_fault(kind, fault);
        Some(fault)
    }

    /// A number of milliseconds within `range`, for the faults that wait.
    pub(crate) fn milliseconds(&mut self, range: std::ops::Range<u64>) -> std::time::Duration {
        std::time::Duration::from_millis(self.random.u64(range))
    }

    /// A number below `count`.
    pub(crate) fn choose(&mut self, count: usize) -> usize {
        self.random.usize(..count)
    }

    fn chance(&self, kind: Kind, candidate: Fault) -> f64 {
        match (self.table.count(kind, candidate), kind.writes()) {
            (0, _) => CHANCE_WHILE_EMPTY,
            (_, true) => CHANCE_OF_A_WRITE,
            (_, false) => CHANCE_OF_A_READ,
        }
    }

    fn least_met(&self, kind: Kind) -> Vec<Fault> {
        let possible = || {
            Fault::ALL
                .into_iter()
                .filter(|fault| fault.makes_no_sense_for(kind).is_none())
        };
        let least = possible().map(|fault| self.table.count(kind, fault)).min();
        possible()
            .filter(|&fault| Some(self.table.count(kind, fault)) == least)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rolls(seed: u64, count: usize) -> Vec<Option<Fault>> {
        let mut dice = Dice::new(seed);
        dice.enable(true);
        (0..count).map(|_| dice.roll(Kind::Delete)).collect()
    }

    #[test]
    fn a_seed_repeats_itself_and_another_differs() {
        assert_eq!(rolls(7, 50), rolls(7, 50));
        assert_ne!(rolls(7, 50), rolls(8, 50));
    }

    #[test]
    fn a_rare_kind_meets_every_fault_before_any_fault_twice() {
        let met: Vec<Fault> = rolls(1, 100)
            .into_iter()
            .flatten()
            .take(Fault::ALL.len())
            .collect();
        assert!(
            Fault::ALL.iter().all(|fault| met.contains(fault)),
            "{met:?}"
        );
    }

    #[test]
    fn switched_off_they_let_everything_pass() {
        let mut dice = Dice::new(1);
        assert!((0..100).all(|_| dice.roll(Kind::Create).is_none()));
        assert_eq!(dice.table().requests(), 100);
    }
}
