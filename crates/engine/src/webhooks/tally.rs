//! What came from each source to this node, counted, with the last that were refused.
//!
//! Ensures that whoever floods a source with what is not genuine costs a few lines of memory and no disk.
//! Nodes count for themselves, from their start.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use slugline_core::problem::{Code, Problem};
use slugline_core::time::Timestamp;

use super::{Receipt, ReceiptStatus, SourceSettings};

/// Refusals of one source that are remembered.
const REMEMBERED: usize = 20;

/// A source with what came from it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceView {
    /// Its name.
    pub name: String,
    /// The vendor's `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where its content goes.
    pub environment: String,
    /// What came from it.
    #[serde(flatten)]
    pub counts: Counts,
}

/// What came from a source to this node since its start.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Genuine webhooks that were new.
    pub received: u64,
    /// Genuine webhooks that came again.
    pub duplicates: u64,
    /// Of the new ones: what they say could not be done.
    pub failed: u64,
    /// Webhooks that were not taken.
    pub refused: u64,
    /// Changes that no webhook told of, found when the source was asked.
    pub found_by_poll: u64,
    /// Seconds from when what the last new one tells happened to when it came, where that is known.
    pub last_lag_seconds: Option<f64>,
    /// The most that there were.
    pub longest_lag_seconds: Option<f64>,
    /// When the last genuine one came.
    pub last_received_at: Option<Timestamp>,
    /// The last that were not taken, newest first.
    pub last_refused: VecDeque<Refused>,
    /// Why the source could not be asked what it has, where that failed the last time that this node asked.
    pub poll_failure: Option<PollFailure>,
    /// Why the last sweep that this node ended did not find all that is gone.
    pub sweep_failure: Option<PollFailure>,
}

/// A poll or a sweep that went wrong: what comes after that place is found when one succeeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PollFailure {
    /// When.
    pub at: Timestamp,
    /// What was wrong. Never holds a secret.
    pub detail: String,
}

/// A webhook that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refused {
    /// When it came.
    pub at: Timestamp,
    /// From where, as far as that is known.
    pub from: Option<IpAddr>,
    /// The stable code.
    pub code: Code,
    /// What was wrong. Never holds a secret.
    pub detail: String,
}

#[derive(Default)]
pub(super) struct Tally(Mutex<Counts>);

impl Tally {
    pub(super) fn took(&self, source: &str, receipt: &Receipt, now: Timestamp) {
        count(source, receipt.status.as_str().to_owned());
        let lag = receipt.occurred_at.map(|at| now.since(at).as_secs_f64());
        if let Some(seconds) = lag {
            metrics::histogram!("slugline_source_lag_seconds", "source" => source.to_owned())
                .record(seconds);
        }
        self.counts().took(receipt, lag, now);
    }

    pub(super) fn refused(
        &self,
        source: &str,
        problem: &Problem,
        from: Option<IpAddr>,
        now: Timestamp,
    ) {
        count(source, problem.code.as_str());
        self.counts().refused(problem, from, now);
    }

    pub(super) fn missed(&self, source: &str, found: u64) {
        metrics::counter!("slugline_source_misses_total", "source" => source.to_owned())
            .increment(found);
        self.counts().found_by_poll += found;
    }

    pub(super) fn polled(&self, source: &str, failure: Option<PollFailure>) {
        metrics::counter!("slugline_source_poll_failures_total", "source" => source.to_owned())
            .increment(u64::from(failure.is_some()));
        self.counts().poll_failure = failure;
    }

    pub(super) fn swept(&self, source: &str, failure: Option<PollFailure>) {
        metrics::counter!("slugline_source_poll_failures_total", "source" => source.to_owned())
            .increment(u64::from(failure.is_some()));
        self.counts().sweep_failure = failure;
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view(&self, settings: &SourceSettings) -> SourceView {
        SourceView {
            name: settings.name.clone(),
            kind: settings.kind.clone(),
            environment: settings.environment.clone(),
            counts: self.counts().clone(),
        }
    }
}

fn count(source: &str, outcome: String) {
    metrics::counter!("slugline_webhooks_total", "source" => source.to_owned(), "outcome" => outcome)
        .increment(1);
}

impl Counts {
    fn took(&mut self, receipt: &Receipt, lag: Option<f64>, now: Timestamp) {
        self.last_received_at = Some(now);
        if receipt.repeated {
            self.duplicates += 1;
            return;
        }
        self.received += 1;
        if let Some(lag) = lag {
            let longest = self.longest_lag_seconds.unwrap_or_default().max(lag);
            (self.last_lag_seconds, self.longest_lag_seconds) = (Some(lag), Some(longest));
        }
        self.failed += u64::from(receipt.status == ReceiptStatus::Failed);
    }

    fn refused(&mut self, problem: &Problem, from: Option<IpAddr>, at: Timestamp) {
        self.refused += 1;
        self.last_refused.truncate(REMEMBERED - 1);
        self.last_refused.push_front(Refused {
            at,
            from,
            code: problem.code,
            detail: problem.detail.clone(),
        });
    }
}
