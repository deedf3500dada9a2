//! Percentiles of measured times. A sample is sorted once and asked often.

use std::time::Duration;

/// Times in order.
pub(super) struct Sample(Vec<Duration>);

impl Sample {
    /// Sorts the times.
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that `share` of the sample does not exceed, in milliseconds; `share` is within 0 to 1. An empty sample
    /// gives not a number, which no comparison takes for a good figure.
    pub(super) fn milliseconds(&self, share: f64) -> f64 {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        let time = self.0.get(rank.saturating_sub(1));
        time.map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ninety_ninth_of_a_hundred_is_the_last_but_one() {
        let sample = Sample::of((1..=100).rev().map(Duration::from_millis).collect());
        assert_eq!(
            (sample.milliseconds(0.5), sample.milliseconds(0.99)),
            (50.0, 99.0)
        );
        assert!(Sample::of(Vec::new()).milliseconds(0.5).is_nan());
    }
}
