//! What is done about drift.
//!
//! Ensures that people's work is protected unless they say otherwise: what somebody changed or brought
//! back is only reported.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::drift::Drift;
use crate::time::Timestamp;

/// What is done about one kind of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// A job brings the destination back to what is desired.
    Repair,
    /// It is shown, and a person decides.
    Report,
    /// What is there is the new baseline.
    Adopt,
}

/// What is done about each kind of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// About what is missing.
    pub missing: Remedy,
    /// About what is stale.
    pub stale: Remedy,
    /// About what is extra.
    pub extra: Remedy,
    /// About what has diverged.
    pub diverged: Remedy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            missing: Remedy::Repair,
            stale: Remedy::Repair,
            extra: Remedy::Report,
            diverged: Remedy::Report,
        }
    }
}

impl Policy {
    /// What is done about this kind.
    #[must_use]
    pub fn of(&self, kind: Drift) -> Remedy {
        match kind {
            Drift::Missing => self.missing,
            Drift::Stale => self.stale,
            Drift::Extra => self.extra,
            Drift::Diverged => self.diverged,
        }
    }
}

impl Drift {
    /// Whether a repair undoes what somebody did, so that it is asked for on purpose.
    #[must_use]
    pub fn is_somebodys(self) -> bool {
        matches!(self, Self::Extra | Self::Diverged)
    }
}

/// Fewer items than these may be missing from a listing whatever their share.
const FEW: u64 = 10;

/// Whether a listing that met so few of the items that should be there is not to be believed: somebody
/// restored an old copy, lost rights, or pointed us at another site.
#[must_use]
pub fn is_suspiciously_short(expected: u64, met: u64) -> bool {
    let unmet = expected.saturating_sub(met);
    unmet > FEW && met.saturating_mul(2) < expected
}

/// The last moment, not after now, at which something of this name is due that comes `every` so often.
/// Each name has its own moments, so that not all come at once.
#[must_use]
pub fn last_due(name: &str, every: Duration, now: Timestamp) -> Timestamp {
    let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX).max(1);
    let spread = |hash: i64, byte: u8| hash.wrapping_mul(1_099_511_628_211) ^ i64::from(byte);
    let offset = name.bytes().fold(14_695_981, spread).rem_euclid(every);
    Timestamp(now.0 - (now.0 - offset).rem_euclid(every))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_somebody_did_is_undone_unless_that_is_asked_for() {
        let policy = Policy::default();
        for kind in [Drift::Missing, Drift::Stale, Drift::Extra, Drift::Diverged] {
            let reports = policy.of(kind) == Remedy::Report;
            assert_eq!(reports, kind.is_somebodys());
        }
    }

    #[test]
    fn a_short_listing_is_believed_only_while_few_are_missing() {
        for (expected, met, short) in [
            (0, 0, false),
            (10, 0, false),
            (11, 0, true),
            (1_000, 990, false),
            (1_000, 500, false),
            (1_000, 499, true),
        ] {
            assert_eq!(is_suspiciously_short(expected, met), short, "{met}");
        }
    }

    #[test]
    fn each_name_is_due_once_in_its_time() {
        let (day, now) = (
            Duration::from_secs(86_400),
            Timestamp(1_795_253_402_100_000),
        );
        let due = last_due("blog", day, now);
        assert!(due <= now && now.since(due) < day);
        assert_eq!(last_due("blog", day, due), due);
        let before = Timestamp(due.0 - 1);
        assert_eq!(last_due("blog", day, before), due.minus(day));
        assert_ne!(last_due("shop", day, now), due);
    }
}
