//! The machine's clocks and dice.
//!
//! Ensures that the monotonic clock counts while the machine is suspended, so that a lease never
//! outlives its holder's sleep.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use slugline_core::port::BoxFuture;
use slugline_core::time::Timestamp;
use slugline_engine::ports::{Clock, Entropy};

/// The clocks of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The clocks of the machine.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp(0).plus(since.unwrap_or_default())
    }

    fn monotonic(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The machine's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn unit(&self) -> f64 {
        // Without dice, the middle: delays then lose their spread, nothing else.
        let bits = getrandom::u64().unwrap_or(1 << 63);
        // The 53 bits that a double holds exactly.
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Bytes that nobody can guess, for keys and tokens.
///
/// # Errors
/// When the machine has none to give; nothing secret may be made then.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|why| format!("the machine gives no random numbers: {why}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dice_stay_in_range_and_differ() {
        let throws: Vec<f64> = (0..100).map(|_| SystemEntropy.unit()).collect();
        assert!(throws.iter().all(|throw| (0.0..1.0).contains(throw)));
        assert!(throws.windows(2).any(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn monotonic_time_does_not_go_back() {
        let before = SystemClock.monotonic();
        assert!(SystemClock.monotonic() >= before && before > Duration::ZERO);
    }
}
