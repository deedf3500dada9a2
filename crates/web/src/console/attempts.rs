//! Attempts to sign in that failed.
//!
//! Ensures that nobody tries many tokens: from one address a few a minute, and from all together some more.
//! What is remembered is bounded; a token has 256 bits, so forgetting costs nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use slugline_core::budget::TokenBucket;
use slugline_core::item::Class;
use slugline_core::time::Timestamp;

/// Failures from one address in [`PERIOD`].
const OF_ONE: u32 = 10;
/// Failures from all addresses in [`PERIOD`].
const OF_ALL: u32 = 200;
const PERIOD: Duration = Duration::from_secs(60);
/// Addresses that are remembered at once; then all are forgotten.
const REMEMBERED: usize = 10_000;

/// What is left to each address.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<State>);

#[derive(Default)]
struct State {
    all: Option<TokenBucket>,
    of: BTreeMap<Option<IpAddr>, TokenBucket>,
}

impl Attempts {
    /// Whether one more may be made; how long to wait otherwise. A success gives it back.
    pub(crate) fn may(&self, from: Option<IpAddr>, now: Timestamp) -> Result<(), Duration> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.of.len() >= REMEMBERED {
            state.of.clear();
        }
        let State { all, of } = &mut *state;
        let all = all.get_or_insert_with(|| TokenBucket::new(OF_ALL, PERIOD, now));
        let own = of
            .entry(from)
            .or_insert_with(|| TokenBucket::new(OF_ONE, PERIOD, now));
        for bucket in [own, all] {
            if bucket.available(Class::Urgent, now) == 0 {
                return Err(bucket.wait(Class::Urgent));
            }
        }
        Ok(())
    }

    /// One failed.
    pub(crate) fn failed(&self, from: Option<IpAddr>, now: Timestamp) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = state.of.get_mut(&from) {
            own.take(Class::Urgent, now);
        }
        if let Some(all) = &mut state.all {
            all.take(Class::Urgent, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_often_waits_and_others_do_not() {
        let (attempts, now) = (Attempts::default(), Timestamp(0));
        let one: Option<IpAddr> = "192.0.2.1".parse().ok();
        for _ in 0..OF_ONE {
            assert_eq!(attempts.may(one, now), Ok(()));
            attempts.failed(one, now);
        }
        assert!(attempts.may(one, now).is_err());
        assert_eq!(attempts.may(None, now), Ok(()));
        assert_eq!(attempts.may(one, now.plus(PERIOD)), Ok(()));
    }
}
