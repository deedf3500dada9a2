//! What to do at a destination, from what is desired and what was observed.
//!
//! Ensures that a run writes only what is missing, never to an entry that is not ours, and never a
//! generation that a newer one has replaced.

use crate::failure::Failure;
use crate::item::Action;
use crate::reason::Reason;
use crate::version::Generation;

/// What a connector found when it looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Nothing of ours is there (or only what removal leaves).
    Absent,
    /// Our entry.
    Ours {
        /// The destination's id of it.
        id: String,
        /// Whether it already shows what is desired, public state included.
        matches: bool,
        /// Over the canonical form of what was read; empty where nothing comparable was read.
        fingerprint: String,
    },
    /// The natural key is held by an entry that is not ours.
    Foreign {
        /// Which key, as in `slug "hello" is held by post 17`.
        what: String,
    },
    /// The destination cannot be read; only its acceptance counts.
    Unreadable,
}

/// What a run does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is as desired: verify and settle.
    NoOp,
    /// Make the entry.
    Create,
    /// Change our entry.
    Update {
        /// The destination's id of it.
        id: String,
    },
    /// Take our entry away.
    Remove {
        /// The destination's id of it.
        id: String,
    },
    /// Tell a destination that cannot be read.
    Signal,
    /// A newer generation is desired; this run ends.
    Superseded,
    /// It must not be written; the failure says why.
    Conflict(Failure),
}

/// What decides besides the observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired<'a> {
    /// What is desired.
    pub action: Action,
    /// The generation that this run carries.
    pub carried: Generation,
    /// The generation that is desired now.
    pub newest: Generation,
    /// The fingerprint of the last verified observation, when nothing was written since.
    pub undisturbed: Option<&'a str>,
    /// The fingerprint of what somebody made of it and a person said to leave so.
    pub adopted: Option<&'a str>,
    /// Whether changes by others stop us (`on_drift = "report"`).
    pub protect_drift: bool,
}

/// Decides what a run does.
#[must_use]
pub fn decide(desired: &Desired<'_>, observed: &Observed) -> Decision {
    if desired.carried < desired.newest {
        return Decision::Superseded;
    }
    match observed {
        Observed::Unreadable => Decision::Signal,
        Observed::Absent if desired.action.removes() => Decision::NoOp,
        Observed::Absent => Decision::Create,
        Observed::Foreign { .. } if desired.action.removes() => Decision::NoOp,
        Observed::Foreign { what } => {
            Decision::Conflict(Failure::new(Reason::SlugTakenAtDestination, what.clone()))
        }
        Observed::Ours { matches: true, .. } => Decision::NoOp,
        Observed::Ours {
            id, fingerprint, ..
        } if has_drifted(desired, fingerprint) => {
            let message =
                format!("entry {id} was changed at the destination since it was verified");
            Decision::Conflict(Failure::new(Reason::Diverged, message))
        }
        Observed::Ours { id, .. } if desired.action.removes() => {
            Decision::Remove { id: id.clone() }
        }
        Observed::Ours { id, .. } => Decision::Update { id: id.clone() },
    }
}

fn has_drifted(desired: &Desired<'_>, fingerprint: &str) -> bool {
    desired.protect_drift
        && desired.adopted != Some(fingerprint)
        && desired
            .undisturbed
            .is_some_and(|known| known != fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired(action: Action) -> Desired<'static> {
        Desired {
            action,
            carried: Generation(3),
            newest: Generation(3),
            undisturbed: None,
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
    fn running_again_finds_nothing_to_do() {
        assert_eq!(
            decide(&desired(Action::Publish), &ours(true)),
            Decision::NoOp
        );
        assert_eq!(
            decide(&desired(Action::Delete), &Observed::Absent),
            Decision::NoOp
        );
    }

    #[test]
    fn an_entry_of_somebody_else_is_never_written() {
        let foreign = Observed::Foreign {
            what: "slug".into(),
        };
        assert!(matches!(
            decide(&desired(Action::Publish), &foreign),
            Decision::Conflict(_)
        ));
        assert_eq!(
            decide(&desired(Action::Unpublish), &foreign),
            Decision::NoOp
        );
    }

    #[test]
    fn an_older_generation_writes_nothing() {
        let late = Desired {
            carried: Generation(2),
            ..desired(Action::Publish)
        };
        for observed in [
            Observed::Absent,
            ours(false),
            ours(true),
            Observed::Unreadable,
        ] {
            assert_eq!(decide(&late, &observed), Decision::Superseded);
        }
    }

    #[test]
    fn drift_stops_a_write_only_where_it_is_protected() {
        let careful = Desired {
            undisturbed: Some("before"),
            protect_drift: true,
            ..desired(Action::Publish)
        };
        assert!(
            matches!(decide(&careful, &ours(false)), Decision::Conflict(f) if f.reason == Reason::Diverged)
        );
        let plain = Desired {
            protect_drift: false,
            ..careful
        };
        assert_eq!(
            decide(&plain, &ours(false)),
            Decision::Update { id: "17".into() }
        );
    }
}
