//! Dice for rehearsals: the same seed throws the same numbers on every machine.

/// Marsaglia's xorshift, 64 bits.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // Zero would stay zero; neighbouring seeds must not begin alike.
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..4 {
            dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from 0 to `sides - 1`.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % sides
    }

    /// A number from 0 to 1, without 1.
    pub(crate) fn throw(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / 4_294_967_296.0
    }

    pub(crate) fn chance(&mut self, chance: f64) -> bool {
        self.throw() < chance
    }
}
