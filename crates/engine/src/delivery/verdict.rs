//! From a run's end to its settlement.
//!
//! Ensures that outages, throttling and our own stops cost no attempt, that what was written without
//! a clear answer is looked at again, and that a dead job leaves no draft behind.

use std::time::Duration;

use slugline_core::backoff::{AfterFailure, RetryPolicy, after_failure};
use slugline_core::connector::{Repeat, Work};
use slugline_core::failure::Failure;
use slugline_core::lifecycle::{JobState, Verdict};
use slugline_core::reason::{ErrorClass, Reason};
use slugline_core::time::Timestamp;

use super::desk::Desk;
use super::run::Ended;
use crate::destination::Destination;
use crate::store::{ClaimedJob, Settlement};

/// Pause before a job that found a shared thing held comes back; ± the dice.
const BUSY_PAUSE: Duration = Duration::from_millis(300);

/// The step of the backoff schedule at which failed second looks are repeated.
const LOOK_PATIENCE: u32 = 4;

/// What a verdict needs to know.
pub(super) struct Bench<'a> {
    /// The job.
    pub(super) job: &'a ClaimedJob,
    /// Its task.
    pub(super) work: &'a Work,
    /// Its destination.
    pub(super) destination: &'a Destination,
    /// Its class's patience.
    pub(super) policy: &'a RetryPolicy,
    /// Its desk.
    pub(super) desk: &'a Desk,
    /// When the run began, by the store's clock.
    pub(super) started_at: Timestamp,
}

impl Bench<'_> {
    /// The settlement of a run that ended so.
    pub(super) async fn settle(&self, ended: Ended, now: Timestamp, dice: f64) -> Settlement {
        let drift = match &ended {
            Ended::Checked(drift) => drift.clone(),
            _ => None,
        };
        let (verdict, shown) = match ended {
            Ended::Live(evidence, shown) => {
                self.destination.succeeded();
                (Verdict::Live(evidence), Some(shown))
            }
            Ended::Superseded | Ended::Tidied | Ended::Checked(_) => (Verdict::Superseded, None),
            Ended::Failed(failure) => (self.verdict_of(failure, now, dice), None),
        };
        let owed = self.undo_if_dead(&verdict).await;
        let looked = self.job.ended.is_some()
            && !matches!(verdict, Verdict::Retry { .. } | Verdict::PutBack { .. });
        // What is put back costs no attempt, and may be put back for hours.
        let exchanges = match &verdict {
            Verdict::Retry { .. } | Verdict::Dead(_) => self.desk.exchanges(),
            Verdict::Live(_) | Verdict::Superseded | Verdict::PutBack { .. } => Vec::new(),
        };
        Settlement {
            job: self.job.job,
            fence: self.job.fence,
            class: self.job.class,
            verdict,
            shown,
            started_at: self.started_at,
            requests: self.desk.requests(),
            exchanges,
            wrote: self.desk.wrote(),
            look_after: self.look_after(owed),
            looked,
            drift,
        }
    }

    /// Puts the run back as it stands, because the server stops.
    #[must_use]
    pub(super) fn interrupt(&self, now: Timestamp) -> Settlement {
        let failure = Failure::new(Reason::Interrupted, "the server stopped");
        Settlement {
            job: self.job.job,
            fence: self.job.fence,
            class: self.job.class,
            verdict: Verdict::PutBack { at: now, failure },
            shown: None,
            started_at: self.started_at,
            requests: self.desk.requests(),
            exchanges: Vec::new(),
            wrote: self.desk.wrote(),
            look_after: self.look_after(self.desk.wrote()),
            looked: false,
            drift: None,
        }
    }

    fn look_after(&self, owed: bool) -> Option<Duration> {
        let doubtful = (owed || self.desk.has_unknown()) && self.destination.capabilities.readable;
        doubtful.then_some(self.destination.settings.commit_window)
    }

    fn verdict_of(&self, failure: Failure, now: Timestamp, dice: f64) -> Verdict {
        let answered = self.desk.was_answered();
        let elsewhere = self
            .destination
            .failed(self.job.job, &failure, answered, now, dice);
        if failure.reason == Reason::Busy {
            return Verdict::PutBack {
                at: now.plus(BUSY_PAUSE.mul_f64(0.5 + dice)),
                failure,
            };
        }
        if let Some(at) =
            elsewhere.or_else(|| (failure.class() == ErrorClass::Throttled).then_some(now))
        {
            // Spread what comes back at once over a second.
            return Verdict::PutBack {
                at: at.plus(Duration::from_secs_f64(dice)),
                failure,
            };
        }
        if self.job.ended.is_some() {
            return self.verdict_of_look(failure, now, dice);
        }
        if self.must_not_repeat(&failure) {
            return Verdict::Dead(failure);
        }
        // A difference is no surprise while writes of unknown outcome may still land.
        let in_doubt = self.desk.has_unknown() || self.job.owes_look;
        let judged = match failure.reason {
            Reason::VerifyMismatch if in_doubt => {
                Failure::new(Reason::Conflict, failure.message.clone())
            }
            _ => failure.clone(),
        };
        match after_failure(
            self.policy,
            self.job.attempt,
            self.job.queued_at,
            judged,
            now,
            dice,
        ) {
            AfterFailure::Retry(at) => Verdict::Retry { at, failure },
            AfterFailure::Dead(failure) => Verdict::Dead(failure),
        }
    }

    /// A second look is tried until it has looked: a job that is live does not fail because nobody
    /// answers hours later. Only what it found can end it, and what no look can change.
    fn verdict_of_look(&self, failure: Failure, now: Timestamp, dice: f64) -> Verdict {
        if failure.reason.ends_a_look() {
            return Verdict::Dead(failure);
        }
        let at = now.plus(self.policy.schedule.delay(LOOK_PATIENCE, dice));
        Verdict::Retry { at, failure }
    }

    fn must_not_repeat(&self, failure: &Failure) -> bool {
        let lost = failure.reason == Reason::NoAnswer && !self.destination.settings.repeat_unknown;
        match self.destination.capabilities.repeat {
            Repeat::MayDuplicate => lost,
            Repeat::Dedupes(window) => lost && self.desk_is_past(window),
            Repeat::LooksUp | Repeat::Harmless => false,
        }
    }

    fn desk_is_past(&self, window: Duration) -> bool {
        self.started_at > self.work.released_at.plus(window)
    }

    /// Undoes a dead job's own draft. `true` when that did not work and may yet: the second look does it.
    async fn undo_if_dead(&self, verdict: &Verdict) -> bool {
        let dead =
            matches!(verdict, Verdict::Dead(_)) && !matches!(self.job.ended, Some(JobState::Live));
        if !dead || self.work.was_shown || !self.destination.capabilities.readable {
            return false;
        }
        let undone = self.destination.connector.undo(self.work, self.desk).await;
        undone.is_err_and(|failure| !failure.reason.ends_a_look())
    }
}
