//! A configured destination and its health as this node sees it.
//!
//! Ensures that a throttled destination gets less and a destination that is down is probed by one
//! job while the others keep their attempts; both recover by themselves. What is remembered here is
//! a hint: losing it costs a few requests, never a promise.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slugline_core::backoff::Schedule;
use slugline_core::budget::{Aimd, TokenBucket, room};
use slugline_core::connector::{Capabilities, Connector};
use slugline_core::failure::Failure;
use slugline_core::ids::JobId;
use slugline_core::item::Class;
use slugline_core::pace::Pace;
use slugline_core::reason::ErrorClass;
use slugline_core::remedy::Policy;
use slugline_core::time::Timestamp;

/// Different jobs that must fail without any answer, with no success between, before a destination
/// counts as down: one job that always gets a 500 must not stop the others.
const SILENT_JOBS: usize = 3;
/// The same for jobs that failed half-way: a destination that answers some requests is rarely down.
const HALF_ANSWERED_JOBS: usize = 20;
/// How probes of a destination that is down are spaced.
const PROBES: Schedule = Schedule::FullJitter {
    base: Duration::from_secs(2),
    cap: Duration::from_secs(60),
};
/// Probes are never closer than a tenth of their ceiling.
const LEAST_DICE: f64 = 0.1;
/// Repairs of one reconciliation unless configured: more than an accident breaks, few enough that a
/// mistake of ours is noticed.
pub const MAX_REPAIRS: u64 = 100;
/// No second lowering of concurrency within this time: answers in flight count once.
const THROTTLE_HOLD: Duration = Duration::from_secs(1);

/// What configuration says of a destination, for all vendors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationSettings {
    /// Its name.
    pub name: String,
    /// Runs at once, at most.
    pub concurrency: usize,
    /// Requests per period, at most.
    pub rate: Option<(u32, Duration)>,
    /// Longest time for one request.
    pub timeout: Duration,
    /// How long after a client gave up a write may still be committed.
    pub commit_window: Duration,
    /// How long readers may lag before a difference counts.
    pub verify_window: Duration,
    /// Whether changes by others stop us.
    pub protect_drift: bool,
    /// Whether an unknown write is repeated where that may make a duplicate.
    pub repeat_unknown: bool,
    /// When publishes may begin there; at any time when `None`.
    pub pace: Option<Pace>,
    /// How it is compared with what is desired there.
    pub reconcile: ReconcileSettings,
}

/// How a destination is compared with what is desired there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconcileSettings {
    /// How often; only on demand when `None`.
    pub every: Option<Duration>,
    /// What is done about drift.
    pub policy: Policy,
    /// Repairs of one reconciliation, at most; what drifted besides is only reported.
    pub max_repairs: u64,
}

impl Default for ReconcileSettings {
    fn default() -> Self {
        Self {
            every: None,
            policy: Policy::default(),
            max_repairs: MAX_REPAIRS,
        }
    }
}

/// Health as shown to people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// `up`, `throttled`, `down`, or `elsewhere`: nodes of another region know.
    pub state: &'static str,
    /// Since when it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_try_at: Option<Timestamp>,
    /// What it said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Runs at once, at present.
    pub concurrency: usize,
}

/// A destination.
pub struct Destination {
    /// What configuration says.
    pub settings: DestinationSettings,
    /// The vendor's code.
    pub connector: Arc<dyn Connector>,
    /// What the vendor can do.
    pub capabilities: Capabilities,
    /// Whether nodes of another region deliver to it, and this one does not.
    elsewhere: bool,
    state: Mutex<State>,
}

struct State {
    aimd: Aimd,
    bucket: Option<TokenBucket>,
    paused_until: Timestamp,
    failing: BTreeSet<JobId>,
    down: Option<Down>,
    last_error: Option<String>,
    running: [usize; Class::ALL.len()],
}

#[derive(Clone, Copy)]
struct Down {
    since: Timestamp,
    probes: u32,
    next_probe: Timestamp,
}

impl State {
    /// The destination is down: when it is tried next. Runs that were under way say nothing new.
    fn probe_later(&mut self, now: Timestamp, dice: f64) -> Timestamp {
        let before = self.down.unwrap_or(Down {
            since: now,
            probes: 0,
            next_probe: now,
        });
        if now < before.next_probe {
            return before.next_probe;
        }
        let probes = before.probes + 1;
        let next_probe = now.plus(PROBES.delay(probes, dice.max(LEAST_DICE)));
        self.down = Some(Down {
            probes,
            next_probe,
            ..before
        });
        next_probe
    }
}

impl Destination {
    /// A destination, presumed up.
    #[must_use]
    pub fn new(
        settings: DestinationSettings,
        connector: Arc<dyn Connector>,
        now: Timestamp,
    ) -> Self {
        let state = State {
            aimd: Aimd::new(settings.concurrency),
            bucket: settings
                .rate
                .map(|(count, period)| TokenBucket::new(count, period, now)),
            paused_until: now,
            failing: BTreeSet::new(),
            down: None,
            last_error: None,
            running: [0; Class::ALL.len()],
        };
        Self {
            capabilities: connector.capabilities(),
            settings,
            connector,
            elsewhere: false,
            state: Mutex::new(state),
        }
    }

    /// The same, delivered to by nodes of another region.
    #[must_use]
    pub fn elsewhere(self) -> Self {
        Self {
            elsewhere: true,
            ..self
        }
    }

    /// Whether this node delivers to it.
    #[must_use]
    pub fn is_here(&self) -> bool {
        !self.elsewhere
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more jobs of `class` may be claimed now.
    #[must_use]
    pub fn room(&self, class: Class, now: Timestamp) -> usize {
        let mut state = self.state();
        if let Some(down) = state.down {
            let idle = state.running.iter().all(|&count| count == 0);
            return usize::from(idle && now >= down.next_probe);
        }
        if now < state.paused_until {
            return 0;
        }
        let slots = room(state.aimd.limit(), class, &state.running);
        state
            .bucket
            .as_mut()
            .map_or(slots, |bucket| slots.min(bucket.available(class, now)))
    }

    /// When `room` may grow without a run ending; `None` when only a run's end can do it.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let state = self.state();
        let probe = state.down.map(|down| down.next_probe);
        let pause = Some(state.paused_until).filter(|&until| until > now);
        let refill = state
            .bucket
            .as_ref()
            .map(|bucket| now.plus(bucket.wait(Class::Bulk).max(Duration::from_millis(10))));
        probe.or([pause, refill].into_iter().flatten().max())
    }

    /// A run of `class` began.
    pub fn began(&self, class: Class) {
        self.state().running[class.rank()] += 1;
    }

    /// A run of `class` ended.
    pub fn ended(&self, class: Class) {
        let mut state = self.state();
        let count = &mut state.running[class.rank()];
        *count = count.saturating_sub(1);
    }

    /// Whether the destination counts as down: a run then probes first and loses no attempt.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.state().down.is_some()
    }

    /// Takes a token of the request rate, or says how long to wait for one.
    pub fn take_token(&self, class: Class, now: Timestamp) -> Result<(), Duration> {
        let mut state = self.state();
        let Some(bucket) = state.bucket.as_mut() else {
            return Ok(());
        };
        if bucket.take(class, now) {
            Ok(())
        } else {
            Err(bucket.wait(class).max(Duration::from_millis(5)))
        }
    }

    /// A run went well, or the destination answered a probe.
    pub fn succeeded(&self) {
        let mut state = self.state();
        state.aimd.on_success();
        state.failing.clear();
        state.down = None;
        state.last_error = None;
    }

    /// A run failed; `answered` says whether any of its requests was answered. Returns when jobs
    /// may be tried again if the destination counts as down or throttled now.
    pub fn failed(
        &self,
        job: JobId,
        failure: &Failure,
        answered: bool,
        now: Timestamp,
        dice: f64,
    ) -> Option<Timestamp> {
        let mut state = self.state();
        state.last_error = Some(failure.message.clone());
        if failure.class() == ErrorClass::Throttled {
            state.aimd.on_throttle(now, THROTTLE_HOLD);
            let wait = failure.retry_after.unwrap_or(THROTTLE_HOLD);
            state.paused_until = state.paused_until.max(now.plus(wait));
            return Some(state.paused_until);
        }
        if !failure.speaks_of_outage() {
            return None;
        }
        state.failing.insert(job);
        let needed = if answered {
            HALF_ANSWERED_JOBS
        } else {
            SILENT_JOBS
        };
        if state.down.is_none() && state.failing.len() < needed {
            return None;
        }
        Some(state.probe_later(now, dice))
    }

    /// Health for people.
    #[must_use]
    pub fn health(&self, now: Timestamp) -> Health {
        let state = self.state();
        let throttled = now < state.paused_until || state.aimd.limit() < self.settings.concurrency;
        Health {
            state: if self.elsewhere {
                "elsewhere"
            } else if state.down.is_some() {
                "down"
            } else if throttled {
                "throttled"
            } else {
                "up"
            },
            since: state.down.map(|down| down.since),
            next_try_at: state
                .down
                .map(|down| down.next_probe)
                .or(Some(state.paused_until).filter(|&until| until > now)),
            last_error: state.last_error.clone(),
            concurrency: state.aimd.limit(),
        }
    }
}
