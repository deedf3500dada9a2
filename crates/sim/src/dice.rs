//! The dice of a run.
//!
//! Ensures that the same seed throws the same numbers on every machine, and that streams of other
//! names do not disturb each other: switching one kind of fault off leaves the throws of the rest.

use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;

use slugline_engine::ports::Entropy;

use crate::hold;

/// One stream of numbers: SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) struct Dice(Mutex<u64>);

impl Dice {
    /// The stream of this name under a seed.
    pub(crate) fn new(seed: u64, stream: &str) -> Self {
        let mixed = stream
            .bytes()
            .fold(seed ^ 0xcbf2_9ce4_8422_2325, |sum, byte| {
                (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let dice = Self(Mutex::new(mixed));
        dice.next();
        dice
    }

    pub(crate) fn next(&self) -> u64 {
        let mut state = hold(&self.0);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `sides - 1`; 0 for none.
    pub(crate) fn below(&self, sides: usize) -> usize {
        let sides = u64::try_from(sides).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % sides).unwrap_or(0)
    }

    /// Whether something of this chance, between 0 and 1, happens.
    pub(crate) fn chance(&self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// A time within a range of milliseconds, to the microsecond.
    pub(crate) fn millis(&self, range: Range<u64>) -> Duration {
        let (first, width) = (range.start * 1_000, (range.end - range.start) * 1_000);
        Duration::from_micros(first + self.next() % width.max(1))
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'a, T>(&self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

impl Entropy for Dice {
    fn unit(&self) -> f64 {
        // The 53 bits that a double holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_their_own_and_repeat() {
        let throws = |stream| -> Vec<u64> {
            let dice = Dice::new(7, stream);
            (0..4).map(|_| dice.next()).collect()
        };
        assert_eq!(throws("network"), throws("network"));
        assert_ne!(throws("network"), throws("crashes"));
    }
}
