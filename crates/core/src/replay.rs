//! What of the past is worth running again.
//!
//! Ensures that only the generation which is desired at that moment is ever run again, so that a replay
//! brings nothing older back (P4), and that a signal which may already have been received is sent again
//! only where that is harmless, or where a person asks for just that. A dry run and the run itself ask
//! the same function. Does not run anything.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::connector::{Capabilities, Repeat};
use crate::drift::Drift;
use crate::lifecycle::JobState;
use crate::time::Timestamp;
use crate::version::Generation;

/// Events of one replay when nothing else is said.
pub const DEFAULT_LIMIT: u64 = 1_000;
/// Events of one replay at most: their places are written in one transaction.
pub const MAX_LIMIT: u64 = 10_000;
/// Jobs that a replay queues a minute when nothing else is said.
pub const DEFAULT_RATE: u64 = 60;
/// Jobs that a replay queues a minute at most.
pub const MAX_RATE: u64 = 6_000;
/// A minute in microseconds, which rates are counted in.
const MINUTE: u64 = 60_000_000;

/// What is run again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What is desired now, wherever it is not applied.
    #[default]
    Current,
    /// Signals, under the ids that they had, also where they were acknowledged.
    AsRecorded,
}

impl Mode {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::AsRecorded => "as_recorded",
        }
    }
}

/// What an event of the past is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relevance {
    /// It is what is desired, and is not applied: it is run again.
    Relevant,
    /// A newer generation has taken its place.
    Superseded,
    /// It is what is desired, and is applied.
    AlreadyApplied,
    /// It may have been received, and sending it again may make it happen twice.
    UnsafeType,
    /// A job of it is under way, or waits.
    OnItsWay,
    /// Somebody changed it at the destination since: reconciliation says what, and a person decides.
    Diverged,
    /// A person ended its job: it stays so.
    Ended,
    /// It was never released there.
    NotDesired,
    /// Its destination is not configured any more.
    NoDestination,
}

impl Relevance {
    /// All of them, in the order of their stored numbers.
    pub const ALL: [Self; 9] = [
        Self::Relevant,
        Self::Superseded,
        Self::AlreadyApplied,
        Self::UnsafeType,
        Self::OnItsWay,
        Self::Diverged,
        Self::Ended,
        Self::NotDesired,
        Self::NoDestination,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relevant => "relevant",
            Self::Superseded => "superseded",
            Self::AlreadyApplied => "already_applied",
            Self::UnsafeType => "unsafe_type",
            Self::OnItsWay => "on_its_way",
            Self::Diverged => "diverged",
            Self::Ended => "ended",
            Self::NotDesired => "not_desired",
            Self::NoDestination => "no_destination",
        }
    }
}

/// What a replay must know of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Whether it can be read back.
    pub readable: bool,
    /// What sending the same again means.
    pub repeat: Repeat,
}

impl From<&Capabilities> for Receiver {
    fn from(capabilities: &Capabilities) -> Self {
        Self {
            readable: capabilities.readable,
            repeat: capabilities.repeat,
        }
    }
}

/// How an item stands at a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The generation that is desired there.
    pub desired: Generation,
    /// The state of the job that is to bring it there.
    pub state: JobState,
    /// Whether that job has run.
    pub tried: bool,
    /// When its publish was released.
    pub released_at: Option<Timestamp>,
    /// How what is there differs from what is desired, if it does.
    pub drift: Option<Drift>,
}

/// What an event that carries this generation is worth at a destination at this moment. `None`: nothing of
/// the item is desired there, or there is no such destination.
#[must_use]
pub fn relevance(
    mode: Mode,
    carried: Generation,
    standing: Option<&Standing>,
    receiver: Option<&Receiver>,
    now: Timestamp,
) -> Relevance {
    let Some(receiver) = receiver else {
        return Relevance::NoDestination;
    };
    let Some(standing) = standing.filter(|standing| standing.desired >= carried) else {
        return Relevance::NotDesired;
    };
    if standing.desired > carried {
        return Relevance::Superseded;
    }
    let is_asked_for = mode == Mode::AsRecorded && !receiver.readable;
    match standing.state {
        state if !state.is_final() => Relevance::OnItsWay,
        JobState::Skipped | JobState::Cancelled => Relevance::Ended,
        _ if standing.drift.is_some_and(Drift::is_somebodys) => Relevance::Diverged,
        JobState::Live if standing.drift.is_none() && !is_asked_for => Relevance::AlreadyApplied,
        _ if may_happen_twice(is_asked_for, standing, receiver, now) => Relevance::UnsafeType,
        _ => Relevance::Relevant,
    }
}

/// Whether the receiver may have it and would not know it again. Who asks for signals as they were asks for
/// those too that their receiver has forgotten.
fn may_happen_twice(
    is_asked_for: bool,
    standing: &Standing,
    receiver: &Receiver,
    now: Timestamp,
) -> bool {
    let is_past = |window| standing.released_at.is_none_or(|at| now > at.plus(window));
    standing.tried
        && match receiver.repeat {
            Repeat::LooksUp | Repeat::Harmless => false,
            Repeat::Dedupes(window) => !is_asked_for && is_past(window),
            Repeat::MayDuplicate => true,
        }
}

/// How many events are dealt with before the next pause, at most `most`: what the rate allows in a second.
#[must_use]
pub fn batch(rate: u64, most: usize) -> usize {
    let a_second = usize::try_from(rate / 60).unwrap_or(usize::MAX);
    a_second.clamp(1, most.max(1))
}

/// The pause after so many jobs were queued.
#[must_use]
pub fn pause(rate: u64, queued: u64) -> Duration {
    Duration::from_micros(queued.saturating_mul(MINUTE) / rate.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Kind, Replay};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);
    const BLOG: Receiver = Receiver {
        readable: true,
        repeat: Repeat::LooksUp,
    };
    const HOOK: Receiver = Receiver {
        readable: false,
        repeat: Repeat::Dedupes(HOUR),
    };

    fn standing(state: JobState) -> Standing {
        Standing {
            desired: Generation(3),
            state,
            tried: true,
            released_at: Some(NOW),
            drift: None,
        }
    }

    fn of(mode: Mode, standing: Standing, receiver: Receiver) -> Relevance {
        relevance(mode, Generation(3), Some(&standing), Some(&receiver), NOW)
    }

    #[test]
    fn what_is_desired_and_not_applied_is_relevant() {
        let failed = standing(JobState::Failed);
        assert_eq!(of(Mode::Current, failed, BLOG), Relevance::Relevant);
        let live = standing(JobState::Live);
        assert_eq!(of(Mode::Current, live, BLOG), Relevance::AlreadyApplied);
        let drifted = |kind| Standing {
            drift: Some(kind),
            ..live
        };
        let missing = of(Mode::Current, drifted(Drift::Missing), BLOG);
        assert_eq!(missing, Relevance::Relevant);
        let by_hand = of(Mode::Current, drifted(Drift::Diverged), BLOG);
        assert_eq!(by_hand, Relevance::Diverged);
    }

    #[test]
    fn what_is_not_to_run_says_why() {
        for (state, word) in [
            (JobState::Queued, Relevance::OnItsWay),
            (JobState::Pending, Relevance::OnItsWay),
            (JobState::Delivering, Relevance::OnItsWay),
            (JobState::Skipped, Relevance::Ended),
            (JobState::Cancelled, Relevance::Ended),
        ] {
            assert_eq!(of(Mode::Current, standing(state), BLOG), word);
            assert_eq!(of(Mode::AsRecorded, standing(state), HOOK), word);
        }
        let failed = standing(JobState::Failed);
        let ask = |carried, standing, receiver| {
            relevance(Mode::Current, Generation(carried), standing, receiver, NOW)
        };
        let (failed, blog) = (Some(&failed), Some(&BLOG));
        assert_eq!(ask(2, failed, blog), Relevance::Superseded);
        assert_eq!(ask(4, failed, blog), Relevance::NotDesired);
        assert_eq!(ask(3, None, blog), Relevance::NotDesired);
        assert_eq!(ask(3, failed, None), Relevance::NoDestination);
    }

    #[test]
    fn a_signal_that_may_have_been_received_is_not_sent_again_unasked() {
        let failed = standing(JobState::Failed);
        let old = Standing {
            released_at: Some(NOW.minus(HOUR * 2)),
            ..failed
        };
        assert_eq!(of(Mode::Current, failed, HOOK), Relevance::Relevant);
        assert_eq!(of(Mode::Current, old, HOOK), Relevance::UnsafeType);
        assert_eq!(of(Mode::AsRecorded, old, HOOK), Relevance::Relevant);
        let untried = Standing {
            tried: false,
            ..old
        };
        assert_eq!(of(Mode::Current, untried, HOOK), Relevance::Relevant);
        let chat = Receiver {
            repeat: Repeat::MayDuplicate,
            ..HOOK
        };
        for mode in [Mode::Current, Mode::AsRecorded] {
            assert_eq!(of(mode, failed, chat), Relevance::UnsafeType);
        }
        let live = standing(JobState::Live);
        assert_eq!(of(Mode::Current, live, HOOK), Relevance::AlreadyApplied);
        assert_eq!(of(Mode::AsRecorded, live, HOOK), Relevance::Relevant);
        assert_eq!(of(Mode::AsRecorded, live, BLOG), Relevance::AlreadyApplied);
    }

    /// Receivers are told the same in the table of events: these are the events that a replay is about.
    #[test]
    fn what_is_replayed_is_safe_while_it_is_current() {
        for kind in [
            Kind::PublishRequest,
            Kind::UnpublishRequest,
            Kind::DeleteRequest,
            Kind::DraftReady,
        ] {
            assert_eq!(kind.replay(), Replay::SafeIfCurrent);
        }
    }

    #[test]
    fn a_rate_is_kept_in_small_steps() {
        assert_eq!(
            (batch(60, 100), batch(6, 100), batch(6_000, 25)),
            (1, 1, 25)
        );
        assert_eq!(pause(60, 1), Duration::from_secs(1));
        assert_eq!(pause(6, 2), Duration::from_secs(20));
        assert_eq!(pause(6_000, 0), Duration::ZERO);
    }

    fn any_state() -> impl Strategy<Value = JobState> {
        proptest::sample::select(JobState::ALL.to_vec())
    }

    fn any_repeat() -> impl Strategy<Value = Repeat> {
        proptest::sample::select(vec![
            Repeat::LooksUp,
            Repeat::Harmless,
            Repeat::MayDuplicate,
            Repeat::Dedupes(HOUR),
        ])
    }

    proptest! {
        /// P4: whatever else is so, an older generation is never relevant, nor one that rests with a person.
        #[test]
        fn only_what_is_desired_is_ever_relevant(
            carried in 0_i64..5,
            desired in 0_i64..5,
            state in any_state(),
            (tried, readable, recorded) in any::<(bool, bool, bool)>(),
            hours in 0_u32..4,
            repeat in any_repeat(),
            drift in proptest::option::of(proptest::sample::select(vec![
                Drift::Missing, Drift::Stale, Drift::Extra, Drift::Diverged,
            ])),
        ) {
            let mode = if recorded { Mode::AsRecorded } else { Mode::Current };
            let released_at = Some(NOW.minus(HOUR * hours));
            let desired = Generation(desired);
            let standing = Standing { desired, state, tried, released_at, drift };
            let receiver = Receiver { readable, repeat };
            let carried = Generation(carried);
            let found = relevance(mode, carried, Some(&standing), Some(&receiver), NOW);
            let is_open = !state.is_final();
            prop_assert_eq!(found == Relevance::Superseded, desired > carried);
            if found == Relevance::Relevant {
                prop_assert_eq!(desired, carried);
                prop_assert!(!is_open && !matches!(state, JobState::Skipped | JobState::Cancelled));
                prop_assert!(!drift.is_some_and(Drift::is_somebodys));
                prop_assert!(!tried || repeat != Repeat::MayDuplicate);
            }
        }
    }
}
