//! How much may run at once, and how fast.
//!
//! Ensures that urgent work always finds room (P10) and that a destination's own limits shape its
//! concurrency. Time is an argument.

use std::time::Duration;

use crate::item::Class;
use crate::time::Timestamp;

/// The part of workers and of each rate budget that only urgent work may use.
pub const URGENT_RESERVE: f64 = 0.2;

/// The most of `total` slots that jobs of `class` may hold together with all less urgent classes.
/// At least one slot is left for urgent work wherever there are two.
#[must_use]
pub fn class_limit(total: usize, class: Class) -> usize {
    let share = match class {
        Class::Urgent => 1.0,
        Class::Standard => 1.0 - URGENT_RESERVE,
        Class::Preview => 0.7,
        Class::Bulk => 0.6,
        Class::Reconcile => 0.5,
    };
    let limit = (total as f64 * share).floor() as usize;
    let ceiling = if class == Class::Urgent {
        total
    } else {
        total.saturating_sub(1)
    };
    limit.min(ceiling).max(usize::from(total > 0))
}

/// How many more jobs of `class` may start among `total` slots, given those that run by class
/// (indexed by [`Class::rank`]).
#[must_use]
pub fn room(total: usize, class: Class, running: &[usize; Class::ALL.len()]) -> usize {
    let all: usize = running.iter().sum();
    let no_more_urgent: usize = running[class.rank()..].iter().sum();
    let share = class_limit(total, class).saturating_sub(no_more_urgent);
    share.min(total.saturating_sub(all))
}

/// Additive increase, multiplicative decrease: finds the concurrency that a destination bears.
#[derive(Clone, Debug, PartialEq)]
pub struct Aimd {
    limit: f64,
    ceiling: f64,
    /// No second decrease before this: answers to requests sent at once count once.
    hold_until: Timestamp,
}

impl Aimd {
    /// Starts at the configured ceiling.
    #[must_use]
    pub fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.max(1) as f64;
        Self {
            limit: ceiling,
            ceiling,
            hold_until: Timestamp(i64::MIN),
        }
    }

    /// How many requests may run now.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.floor() as usize
    }

    /// A run went well: one more slot per full round of good runs.
    pub fn on_success(&mut self) {
        self.limit = (self.limit + 1.0 / self.limit).min(self.ceiling);
    }

    /// The destination throttled us: half, at most once per `hold`.
    pub fn on_throttle(&mut self, now: Timestamp, hold: Duration) {
        if now < self.hold_until {
            return;
        }
        self.limit = (self.limit / 2.0).max(1.0);
        self.hold_until = now.plus(hold);
    }
}

/// A token bucket of requests per second, a fifth of it kept for urgent work.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenBucket {
    per_second: f64,
    capacity: f64,
    level: f64,
    at: Timestamp,
}

impl TokenBucket {
    /// A full bucket: `count` tokens per `period`, as many at once.
    #[must_use]
    pub fn new(count: u32, period: Duration, now: Timestamp) -> Self {
        let capacity = f64::from(count.max(1));
        let per_second = capacity / period.as_secs_f64().max(0.001);
        Self {
            per_second,
            capacity,
            level: capacity,
            at: now,
        }
    }

    /// Takes a token for `class` if its share allows.
    pub fn take(&mut self, class: Class, now: Timestamp) -> bool {
        if self.available(class, now) == 0 {
            return false;
        }
        self.level -= 1.0;
        true
    }

    /// How many tokens `class` could take now.
    pub fn available(&mut self, class: Class, now: Timestamp) -> usize {
        self.refill(now);
        let kept = if class == Class::Urgent {
            0.0
        } else {
            self.reserve()
        };
        (self.level - kept).max(0.0).floor() as usize
    }

    /// How long until `class` could take a token.
    #[must_use]
    pub fn wait(&self, class: Class) -> Duration {
        let kept = if class == Class::Urgent {
            0.0
        } else {
            self.reserve()
        };
        Duration::from_secs_f64(((1.0 + kept - self.level) / self.per_second).clamp(0.0, 3_600.0))
    }

    fn reserve(&self) -> f64 {
        if self.capacity < 2.0 {
            0.0
        } else {
            (self.capacity * URGENT_RESERVE).min(self.capacity - 1.0)
        }
    }

    fn refill(&mut self, now: Timestamp) {
        let gained = now.since(self.at).as_secs_f64() * self.per_second;
        self.level = (self.level + gained).min(self.capacity);
        self.at = self.at.max(now);
    }
}

/// Reads a rate as configuration writes it: `10/s`, `600/m`, `5000/h`.
pub fn parse_rate(text: &str) -> Result<(u32, Duration), String> {
    let complaint = || format!("{text:?} is not a rate such as \"10/s\", \"600/m\" or \"5000/h\"");
    let (count, unit) = text.split_once('/').ok_or_else(complaint)?;
    let period = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(complaint()),
    };
    let count: u32 = count.trim().parse().map_err(|_| complaint())?;
    if count == 0 {
        return Err(complaint());
    }
    Ok((count, Duration::from_secs(period)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn urgent_always_finds_a_slot_that_others_cannot_take() {
        for total in 2..200 {
            for class in Class::ALL.into_iter().skip(1) {
                assert!(class_limit(total, class) < total, "{class:?} of {total}");
                assert!(class_limit(total, class) > 0);
            }
        }
        assert_eq!(class_limit(1, Class::Bulk), 1);
    }

    #[test]
    fn bulk_that_fills_its_share_leaves_room_for_urgent() {
        let mut running = [0; Class::ALL.len()];
        running[Class::Bulk.rank()] = class_limit(10, Class::Bulk);
        assert_eq!(room(10, Class::Bulk, &running), 0);
        assert_eq!(room(10, Class::Reconcile, &running), 4);
        assert!(room(10, Class::Urgent, &running) >= 2);
        running[Class::Standard.rank()] = 4;
        assert_eq!(
            room(10, Class::Urgent, &running),
            0,
            "never more than there are slots"
        );
    }

    #[test]
    fn throttling_halves_once_and_recovers() {
        let mut aimd = Aimd::new(8);
        aimd.on_throttle(Timestamp(0), Duration::from_secs(1));
        aimd.on_throttle(Timestamp(1), Duration::from_secs(1));
        assert_eq!(aimd.limit(), 4);
        (0..100).for_each(|_| aimd.on_success());
        assert_eq!(aimd.limit(), 8);
    }

    proptest! {
        #[test]
        fn a_bucket_never_gives_more_than_its_rate(steps in proptest::collection::vec((0_u64..500, any::<bool>()), 1..200)) {
            let mut now = Timestamp(0);
            let mut bucket = TokenBucket::new(10, Duration::from_secs(1), now);
            let mut taken = 0_u32;
            for (millis, urgent) in steps {
                now = now.plus(Duration::from_millis(millis));
                let class = if urgent { Class::Urgent } else { Class::Bulk };
                taken += u32::from(bucket.take(class, now));
            }
            let allowed = 10.0 + now.0 as f64 / 1e6 * 10.0;
            prop_assert!(f64::from(taken) <= allowed + 1e-6);
        }
    }

    #[test]
    fn a_fifth_of_the_rate_is_kept_for_urgent() {
        let mut bucket = TokenBucket::new(10, Duration::from_secs(1), Timestamp(0));
        let bulk = (0..20)
            .filter(|_| bucket.take(Class::Bulk, Timestamp(0)))
            .count();
        let urgent = (0..20)
            .filter(|_| bucket.take(Class::Urgent, Timestamp(0)))
            .count();
        assert_eq!((bulk, urgent), (8, 2));
    }
}
