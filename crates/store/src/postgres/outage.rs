//! A database that cannot be reached.
//!
//! Ensures that it is tried again soon, then less often, and that whoever comes between two tries is
//! answered at once: callers would otherwise wait for each other's timeouts.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::fault::{Done, Fault};

/// Between the first two tries: most restarts take longer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Between two tries at most: what an outage lasts longer here than there.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What is known of the last try.
#[derive(Default)]
pub(crate) struct Outage(Mutex<Option<Failed>>);

struct Failed {
    why: String,
    pause: Duration,
    /// Not before this.
    next: Instant,
}

impl Outage {
    /// An error until it is time to try again.
    pub(crate) fn refuse(&self, now: Instant) -> Done<()> {
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*failed {
            Some(failed) if now < failed.next => Err(Fault::Unusable(failed.why.clone())),
            _ => Ok(()),
        }
    }

    /// A try has failed.
    pub(crate) fn begin(&self, now: Instant, fault: &Fault) {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = match &*failed {
            // Another of those who tried at once was quicker to say so.
            Some(failed) if now < failed.next => return,
            Some(failed) => (failed.pause * 2).min(LONGEST_PAUSE),
            None => FIRST_PAUSE,
        };
        let (why, next) = (format!("PostgreSQL: {fault}"), now + pause);
        *failed = Some(Failed { why, pause, next });
    }

    /// A try has worked.
    pub(crate) fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_with_the_outage() {
        let (outage, mut now) = (Outage::default(), Instant::now());
        let away = Fault::Ours("away".into());
        for pause in [100, 200, 400, 800, 1_600, 2_000, 2_000] {
            assert!(outage.refuse(now).is_ok());
            outage.begin(now, &away);
            let pause = Duration::from_millis(pause);
            let refused = outage.refuse(now + pause - Duration::from_millis(1));
            assert!(refused.unwrap_err().to_string().contains("away"));
            now += pause;
        }
        outage.end();
        outage.begin(now, &away);
        assert!(outage.refuse(now + FIRST_PAUSE).is_ok());
    }
}
