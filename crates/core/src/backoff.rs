//! When a failed job is tried again.
//!
//! Ensures that delays never exceed the cap, never undercut Retry-After, and that attempts and
//! age are bounded per class. The dice are an argument.

use std::time::Duration;

use crate::failure::Failure;
use crate::item::Class;
use crate::reason::{ErrorClass, Reason};
use crate::time::Timestamp;

/// How delays grow.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Uniformly random between zero and `min(cap, base · 2^n)`: spreads a thundering herd best.
    FullJitter {
        /// First ceiling.
        base: Duration,
        /// Last ceiling.
        cap: Duration,
    },
    /// The listed delays, the last one repeated, each ± `jitter` (a ratio, 0.2 = ±20 %).
    Listed {
        /// One delay per attempt.
        delays: Vec<Duration>,
        /// Ratio of random spread.
        jitter: f64,
    },
}

/// A class's patience.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How delays grow.
    pub schedule: Schedule,
    /// Attempts before a job becomes a dead letter; attempts lost to an outage do not count.
    pub max_attempts: u32,
    /// Time from release after which a job that still fails becomes a dead letter.
    pub deadline: Duration,
}

impl RetryPolicy {
    /// The default of each class: base 2 s, cap 5 min; urgent gives up early enough for a person
    /// to act, bulk and reconcile are patient.
    #[must_use]
    pub fn default_for(class: Class) -> Self {
        let (max_attempts, hours) = match class {
            Class::Urgent => (12, 2),
            Class::Standard | Class::Preview => (12, 24),
            Class::Bulk | Class::Reconcile => (20, 72),
        };
        Self {
            schedule: Schedule::FullJitter {
                base: Duration::from_secs(2),
                cap: Duration::from_secs(300),
            },
            max_attempts,
            deadline: Duration::from_secs(hours * 3_600),
        }
    }
}

impl Schedule {
    /// The delay after the `attempt`-th failed attempt (from 1); `dice` is uniform in [0, 1).
    #[must_use]
    pub fn delay(&self, attempt: u32, dice: f64) -> Duration {
        let step = attempt.saturating_sub(1);
        match self {
            Self::FullJitter { base, cap } => {
                let ceiling = base
                    .saturating_mul(2_u32.saturating_pow(step.min(30)))
                    .min(*cap);
                ceiling.mul_f64(dice.clamp(0.0, 1.0))
            }
            Self::Listed { delays, jitter } => {
                let index = usize::try_from(step)
                    .unwrap_or(usize::MAX)
                    .min(delays.len().saturating_sub(1));
                let listed = delays.get(index).copied().unwrap_or_default();
                listed.mul_f64((1.0 + jitter * (2.0 * dice - 1.0)).max(0.0))
            }
        }
    }
}

/// What follows a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Try again at this time.
    Retry(Timestamp),
    /// A dead letter, with the reason to show.
    Dead(Failure),
}

/// Decides what follows a failure. `attempt` counts from 1 and includes the failed one.
#[must_use]
pub fn after_failure(
    policy: &RetryPolicy,
    attempt: u32,
    released_at: Timestamp,
    failure: Failure,
    now: Timestamp,
    dice: f64,
) -> AfterFailure {
    if attempt >= patience(policy, &failure) {
        return AfterFailure::Dead(failure);
    }
    let delay = policy
        .schedule
        .delay(attempt, dice)
        .max(failure.retry_after.unwrap_or_default());
    let at = now.plus(delay);
    if at > released_at.plus(policy.deadline) {
        let message = format!("the deadline passed; {}", failure.message);
        return AfterFailure::Dead(Failure {
            reason: Reason::DeadlineExceeded,
            message,
            ..failure
        });
    }
    AfterFailure::Retry(at)
}

/// How many attempts a failure of this kind is worth: none more for content that is refused, one
/// more for credentials (they may just have been rotated), a few for a medium. A read-back that differs was repaired once already.
fn patience(policy: &RetryPolicy, failure: &Failure) -> u32 {
    let attempts = match failure.class() {
        ErrorClass::Invalid | ErrorClass::Gone => 1,
        ErrorClass::Auth => 2,
        _ if failure.reason == Reason::Diverged => 1,
        _ if failure.reason == Reason::VerifyMismatch => 1,
        _ if failure.reason == Reason::MediaUnreachable => 6,
        _ => policy.max_attempts,
    };
    attempts.min(policy.max_attempts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy() -> RetryPolicy {
        RetryPolicy::default_for(Class::Standard)
    }

    proptest! {
        #[test]
        fn jitter_stays_below_the_ceiling(attempt in 1_u32..1_000, dice in 0.0_f64..1.0) {
            let delay = policy().schedule.delay(attempt, dice);
            prop_assert!(delay <= Duration::from_secs(300));
            prop_assert!(attempt > 1 || delay <= Duration::from_secs(2));
        }

        #[test]
        fn retry_after_is_a_floor(seconds in 0_u64..3_600, dice in 0.0_f64..1.0) {
            let mut failure = Failure::new(Reason::Throttled, "slow down");
            failure.retry_after = Some(Duration::from_secs(seconds));
            let now = Timestamp(0);
            match after_failure(&policy(), 1, now, failure, now, dice) {
                AfterFailure::Retry(at) => prop_assert!(at >= now.plus(Duration::from_secs(seconds))),
                AfterFailure::Dead(_) => prop_assert!(false, "a throttled job must be tried again"),
            }
        }
    }

    #[test]
    fn a_listed_schedule_repeats_its_last_delay() {
        let schedule = Schedule::Listed {
            delays: vec![Duration::ZERO, Duration::from_secs(30)],
            jitter: 0.2,
        };
        assert_eq!(schedule.delay(1, 0.5), Duration::ZERO);
        assert_eq!(schedule.delay(2, 0.5), Duration::from_secs(30));
        assert_eq!(schedule.delay(9, 0.0), Duration::from_secs(24));
    }

    #[test]
    fn refused_content_is_not_tried_again() {
        let failure = Failure::new(Reason::InvalidContent, "title too long");
        let now = Timestamp(0);
        assert_eq!(
            after_failure(&policy(), 1, now, failure.clone(), now, 0.5),
            AfterFailure::Dead(failure)
        );
    }
}
