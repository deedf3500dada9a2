//! Drift: how what a destination shows differs from what is desired of it.
//!
//! Ensures that a person's change is told from our own write that did not take, by the fingerprint of
//! what was last verified. Repairs nothing.

use serde::{Deserialize, Serialize};

use crate::decide::{Desired, Observed};

/// A kind of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// It should be there and is not.
    Missing,
    /// It shows something of ours that is not what is desired now.
    Stale,
    /// It is ours, no longer desired, and still there.
    Extra,
    /// Somebody else changed it since it was verified.
    Diverged,
}

impl Drift {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Extra => "extra",
            Self::Diverged => "diverged",
        }
    }
}

/// How an observation differs from what is desired; `None` where it does not, or where nothing can be
/// seen.
#[must_use]
pub fn drift(desired: &Desired<'_>, observed: &Observed) -> Option<Drift> {
    let removes = desired.action.removes();
    match observed {
        Observed::Unreadable | Observed::Ours { matches: true, .. } => None,
        Observed::Absent | Observed::Foreign { .. } => (!removes).then_some(Drift::Missing),
        Observed::Ours { fingerprint, .. } if desired.adopted == Some(fingerprint) => None,
        Observed::Ours { .. } if removes => Some(Drift::Extra),
        Observed::Ours { fingerprint, .. } => Some(match desired.undisturbed {
            Some(known) if known != fingerprint => Drift::Diverged,
            _ => Drift::Stale,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Action;
    use crate::version::Generation;

    fn desired(action: Action, undisturbed: Option<&str>) -> Desired<'_> {
        Desired {
            action,
            carried: Generation(3),
            newest: Generation(3),
            undisturbed,
            adopted: None,
            protect_drift: false,
        }
    }

    fn ours(matches: bool) -> Observed {
        Observed::Ours {
            id: "17".into(),
            matches,
            fingerprint: "now".into(),
        }
    }

    #[test]
    fn what_matches_has_not_drifted_whatever_else_changed() {
        assert_eq!(
            drift(&desired(Action::Publish, Some("then")), &ours(true)),
            None
        );
        assert_eq!(
            drift(&desired(Action::Unpublish, None), &Observed::Absent),
            None
        );
    }

    #[test]
    fn what_was_adopted_has_not_drifted_until_it_changes_again() {
        for action in [Action::Publish, Action::Delete] {
            let adopted = |adopted| Desired {
                adopted: Some(adopted),
                ..desired(action, Some("then"))
            };
            assert_eq!(drift(&adopted("now"), &ours(false)), None);
            assert!(drift(&adopted("before"), &ours(false)).is_some());
        }
    }

    #[test]
    fn a_change_by_somebody_else_is_told_from_our_own_old_state() {
        let of = |known| drift(&desired(Action::Publish, known), &ours(false));
        assert_eq!(of(Some("then")), Some(Drift::Diverged));
        assert_eq!(of(Some("now")), Some(Drift::Stale));
        assert_eq!(of(None), Some(Drift::Stale));
    }

    #[test]
    fn what_is_gone_is_missing_and_what_stayed_is_extra() {
        let gone = Observed::Foreign {
            what: "slug".into(),
        };
        for observed in [Observed::Absent, gone] {
            assert_eq!(
                drift(&desired(Action::Publish, None), &observed),
                Some(Drift::Missing)
            );
            assert_eq!(drift(&desired(Action::Delete, None), &observed), None);
        }
        for known in [Some("now"), Some("then"), None] {
            assert_eq!(
                drift(&desired(Action::Delete, known), &ours(false)),
                Some(Drift::Extra),
                "also where somebody brought it back"
            );
        }
    }
}
