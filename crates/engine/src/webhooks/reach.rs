//! Whether a source that is to be asked is there to answer.
//!
//! Ensures that a source which does not answer, or asks for patience, does not keep the webhooks of others
//! waiting for its timeouts: after a few failures in a row, or at its own word, it is not asked for a while.
//! Then one request finds out. Nodes find out for themselves; nothing is given up here.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slugline_core::failure::Failure;
use slugline_core::reason::ErrorClass;
use slugline_core::time::Timestamp;

/// Failures in a row that speak of the source, and not of one entry that it stumbles over.
const FAILURES: u32 = 3;
/// For so long it is left alone, unless it says how long: less than until what waits for it comes up again.
const REST: Duration = Duration::from_secs(30);

/// What the last answers of a source said of it.
#[derive(Default)]
pub(super) struct Reach(Mutex<Last>);

#[derive(Default)]
struct Last {
    /// Requests in a row that found nobody.
    failures: u32,
    rests_until: Option<Timestamp>,
}

impl Reach {
    /// Whether it is left alone now.
    pub(super) fn rests(&self, now: Timestamp) -> bool {
        self.last().rests_until.is_some_and(|until| now < until)
    }

    /// Takes note of how a request to it ended.
    pub(super) fn learn<T>(&self, answer: &Result<T, Failure>, now: Timestamp) {
        let mut last = self.last();
        let failure = match answer {
            Err(failure) if failure.speaks_of_outage() => {
                last.failures = last.failures.saturating_add(1);
                (last.failures >= FAILURES).then_some(failure)
            }
            other => {
                last.failures = 0;
                let failure = other.as_ref().err();
                failure.filter(|failure| failure.class() == ErrorClass::Throttled)
            }
        };
        last.rests_until = failure.map(|failure| now.plus(failure.retry_after.unwrap_or(REST)));
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use slugline_core::reason::Reason;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn failed(reason: Reason) -> Result<(), Failure> {
        Err(Failure::new(reason, "so"))
    }

    #[test]
    fn one_that_answers_nothing_rests_and_then_one_request_finds_out() {
        let reach = Reach::default();
        for _ in 1..FAILURES {
            reach.learn(&failed(Reason::Unreachable), NOW);
            assert!(!reach.rests(NOW));
        }
        reach.learn(&failed(Reason::ServerError), NOW);
        let later = NOW.plus(REST);
        assert!(reach.rests(NOW) && !reach.rests(later));
        reach.learn(&failed(Reason::Unreachable), later);
        assert!(reach.rests(later));
        reach.learn(&Ok(()), later);
        assert!(!reach.rests(later));
        reach.learn(&failed(Reason::Unreachable), later);
        assert!(!reach.rests(later), "it has answered since");
    }

    #[test]
    fn one_that_asks_for_patience_rests_for_as_long_as_it_says() {
        let reach = Reach::default();
        let wait = Duration::from_secs(90);
        let mut throttled = Failure::new(Reason::Throttled, "slower");
        throttled.retry_after = Some(wait);
        reach.learn(&Err::<(), _>(throttled), NOW);
        assert!(reach.rests(NOW.plus(REST)) && !reach.rests(NOW.plus(wait)));
    }

    #[test]
    fn what_is_wrong_with_one_entry_says_nothing_of_the_source() {
        let reach = Reach::default();
        for _ in 0..FAILURES * 2 {
            reach.learn(&failed(Reason::Conflict), NOW);
        }
        assert!(!reach.rests(NOW));
    }
}
