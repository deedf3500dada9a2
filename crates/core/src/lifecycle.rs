//! The states of a job and of a publish.
//!
//! Ensures that a transition consumes the state it starts from, so that an illegal one does not
//! type-check, and that only the holder of the current fence settles (P7).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::ids::Fence;
use crate::time::Timestamp;

/// The name of a job's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits, with a reason.
    Pending,
    /// Ready from its due time on.
    Queued,
    /// A run holds its lease.
    Delivering,
    /// Verified, or acknowledged where nothing can be read.
    Live,
    /// A dead letter.
    Failed,
    /// Was live; a rollback took its place.
    RolledBack,
    /// A person took it back before it started.
    Cancelled,
    /// A newer generation took its place before it started.
    Superseded,
    /// A person marked it complete.
    Skipped,
}

impl JobState {
    /// All states, in the order of their stored numbers.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Queued,
        Self::Delivering,
        Self::Live,
        Self::Failed,
        Self::RolledBack,
        Self::Cancelled,
        Self::Superseded,
        Self::Skipped,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::Delivering => "delivering",
            Self::Live => "live",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Skipped => "skipped",
        }
    }

    /// Whether nothing more happens by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Queued | Self::Delivering)
    }
}

/// Why a job is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingReason {
    /// Its media are being fetched.
    Media,
    /// Its slug is being given up by another item.
    SlugRelease,
    /// What it depends on is not live.
    Dependency,
    /// Its `publish_at` lies ahead.
    Scheduled,
    /// A person paused it, or the content that it is about, after its release.
    Paused,
}

impl PendingReason {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Media => "media",
            Self::SlugRelease => "slug_release",
            Self::Dependency => "dependency",
            Self::Scheduled => "scheduled",
            Self::Paused => "paused",
        }
    }
}

/// What is known of a job that went live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The destination was read back and matched.
    ReadBack,
    /// The destination accepted it and cannot be read.
    Acknowledged,
}

/// What evidence reads until the commit window of an unknown write has passed.
pub const SECOND_LOOK_DUE: &str = "second look due";

impl Evidence {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadBack => "read_back",
            Self::Acknowledged => "acknowledged",
        }
    }
}

/// A job that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Attempts that counted so far.
    pub attempts: u32,
    /// Not before this time.
    pub due: Timestamp,
}

/// A job under a run's lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivering {
    /// Attempts, this one included.
    pub attempts: u32,
    /// Who may settle.
    pub fence: Fence,
    /// By the store's clock.
    pub lease_until: Timestamp,
}

/// What a run reports at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As desired.
    Live(Evidence),
    /// Failed; again at this time.
    Retry {
        /// When.
        at: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// Put back without losing an attempt: the destination is down, a shared thing is busy, or the
    /// server stops.
    PutBack {
        /// When it may run again.
        at: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// A dead letter.
    Dead(Failure),
    /// A newer generation is desired.
    Superseded,
}

/// Where a settled job goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Verified or acknowledged.
    Live(Evidence),
    /// Tried again later.
    Queued(Queued, Failure),
    /// A dead letter.
    Failed(Failure),
    /// Replaced before it was done.
    Superseded,
}

impl Settled {
    /// The name of the state.
    #[must_use]
    pub fn state(&self) -> JobState {
        match self {
            Self::Live(_) => JobState::Live,
            Self::Queued(..) => JobState::Queued,
            Self::Failed(_) => JobState::Failed,
            Self::Superseded => JobState::Superseded,
        }
    }
}

/// The run's fence is not the job's any more: it settles nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FenceLost;

impl Queued {
    /// A run takes the job.
    #[must_use]
    pub fn claim(self, last_fence: Fence, lease_until: Timestamp) -> Delivering {
        Delivering {
            attempts: self.attempts + 1,
            fence: Fence(last_fence.0 + 1),
            lease_until,
        }
    }
}

impl Delivering {
    /// The run ends. Only the holder of the fence settles.
    pub fn settle(self, fence: Fence, verdict: Verdict) -> Result<Settled, FenceLost> {
        if fence != self.fence {
            return Err(FenceLost);
        }
        Ok(match verdict {
            Verdict::Live(evidence) => Settled::Live(evidence),
            Verdict::Retry { at, failure } => Settled::Queued(
                Queued {
                    attempts: self.attempts,
                    due: at,
                },
                failure,
            ),
            Verdict::PutBack { at, failure } => Settled::Queued(
                Queued {
                    attempts: self.attempts.saturating_sub(1),
                    due: at,
                },
                failure,
            ),
            Verdict::Dead(failure) => Settled::Failed(failure),
            Verdict::Superseded => Settled::Superseded,
        })
    }

    /// The lease ran out: the job is queued again once a further request timeout has passed, so that
    /// a request sent in the last moment of the lease has ended.
    pub fn rescue(self, now: Timestamp, request_timeout: Duration) -> Result<Queued, Self> {
        if now < self.lease_until.plus(request_timeout) {
            return Err(self);
        }
        Ok(Queued {
            attempts: self.attempts.saturating_sub(1),
            due: now,
        })
    }
}

/// The state that a publish shows for its jobs taken together.
#[must_use]
pub fn publish_state(jobs: impl IntoIterator<Item = JobState>) -> JobState {
    const SHOWN_FIRST: [JobState; 6] = [
        JobState::Delivering,
        JobState::Queued,
        JobState::Pending,
        JobState::Failed,
        JobState::RolledBack,
        JobState::Live,
    ];
    let states: Vec<JobState> = jobs.into_iter().collect();
    let first = SHOWN_FIRST.into_iter().find(|shown| states.contains(shown));
    first.or(states.first().copied()).unwrap_or(JobState::Live)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivering() -> Delivering {
        Queued {
            attempts: 1,
            due: Timestamp(0),
        }
        .claim(Fence(4), Timestamp(10_000_000))
    }

    #[test]
    fn only_the_current_fence_settles() {
        assert_eq!(
            delivering().settle(Fence(4), Verdict::Live(Evidence::ReadBack)),
            Err(FenceLost)
        );
        assert_eq!(
            delivering().settle(Fence(5), Verdict::Live(Evidence::ReadBack)),
            Ok(Settled::Live(Evidence::ReadBack))
        );
    }

    #[test]
    fn being_put_back_costs_no_attempt() {
        let failure = Failure::new(crate::reason::Reason::Unreachable, "down");
        let verdict = Verdict::PutBack {
            at: Timestamp(5),
            failure,
        };
        let Ok(Settled::Queued(queued, _)) = delivering().settle(Fence(5), verdict) else {
            panic!("not queued")
        };
        assert_eq!(
            queued,
            Queued {
                attempts: 1,
                due: Timestamp(5)
            }
        );
    }

    #[test]
    fn a_lease_is_retaken_only_after_one_more_timeout() {
        let timeout = Duration::from_secs(30);
        assert!(delivering().rescue(Timestamp(10_000_001), timeout).is_err());
        assert!(delivering().rescue(Timestamp(40_000_000), timeout).is_ok());
    }

    #[test]
    fn a_publish_shows_its_most_active_job() {
        use JobState::{Cancelled, Failed, Live, Pending, Queued, Superseded};
        assert_eq!(publish_state([Live, Queued, Failed]), Queued);
        assert_eq!(publish_state([Live, Pending]), Pending);
        assert_eq!(publish_state([Live, Failed]), Failed);
        assert_eq!(publish_state([Live, Superseded]), Live);
        assert_eq!(publish_state([Cancelled, Cancelled]), Cancelled);
    }
}
