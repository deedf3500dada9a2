//! What the configuration sets for a destination, in words.
//!
//! Ensures that what counts is said also where nothing was set. Says what is set, not how things are.

use std::time::Duration;

use slugline_core::connector::Repeat;
use slugline_core::drift::Drift;
use slugline_core::pace::Pace;
use slugline_core::remedy::{Policy, Remedy};
use slugline_engine::destination::{DestinationSettings, ReconcileSettings};

use crate::endpoints::destinations::DestinationView;

/// Kinds of drift in the order in which they are told.
const KINDS: [Drift; 4] = [Drift::Missing, Drift::Stale, Drift::Extra, Drift::Diverged];

/// All of it, as names and values.
pub(crate) fn configured(view: &DestinationView) -> Vec<(&'static str, String)> {
    let (set, known) = (&view.settings, &view.capabilities);
    let mut all = vec![
        ("Requests at most", rate(set)),
        ("Runs at once", set.concurrency.to_string()),
        ("Publishes begin", begin(set.pace.as_ref())),
    ];
    if known.readable {
        all.push(("Compared", compared(&set.reconcile)));
        all.push(("Drift is", remedies(&set.reconcile.policy)));
        let publish = match set.protect_drift {
            true => "is a dead letter",
            false => "replaces it",
        };
        all.push(("A publish over somebody's change", publish.to_owned()));
    }
    if known.repeat == Repeat::MayDuplicate {
        let unknown = match set.repeat_unknown {
            true => "is repeated",
            false => "waits for a person",
        };
        all.push(("A write of unknown outcome", unknown.to_owned()));
    }
    all
}

fn rate(set: &DestinationSettings) -> String {
    match set.rate {
        Some((count, period)) => format!("{count} a {}", unit(period)),
        None => "no limit of ours".to_owned(),
    }
}

/// The period of a rate: what it may be given by.
fn unit(period: Duration) -> &'static str {
    match period.as_secs() {
        0..60 => "second",
        60..3_600 => "minute",
        3_600..86_400 => "hour",
        _ => "day",
    }
}

fn begin(pace: Option<&Pace>) -> String {
    pace.map_or_else(|| "at any time".to_owned(), Pace::words)
}

fn compared(set: &ReconcileSettings) -> String {
    let when = match set.every {
        Some(every) => format!("every {}", whole(every)),
        None => "on demand only".to_owned(),
    };
    format!("{when}; at most {} repairs at a time", set.max_repairs)
}

/// Its largest unit that says it exactly.
fn whole(length: Duration) -> String {
    let seconds = length.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let exact = units.iter().find(|(unit, _)| seconds.is_multiple_of(*unit));
    match exact {
        Some((86_400, _)) if seconds == 86_400 => "24 h".to_owned(),
        Some((unit, name)) => format!("{} {name}", seconds / unit),
        None => format!("{seconds} s"),
    }
}

/// What is done about drift, kinds of the same remedy together.
fn remedies(policy: &Policy) -> String {
    let told = [
        (Remedy::Repair, "repaired"),
        (Remedy::Report, "only reported"),
        (Remedy::Adopt, "adopted"),
    ];
    let of = |(remedy, word): (Remedy, &str)| {
        let kinds = KINDS.into_iter().filter(|kind| policy.of(*kind) == remedy);
        let kinds: Vec<&str> = kinds.map(Drift::as_str).collect();
        (!kinds.is_empty()).then(|| format!("{word} if {}", kinds.join(" or ")))
    };
    let all: Vec<String> = told.into_iter().filter_map(of).collect();
    all.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_exact() {
        for (seconds, text) in [
            (86_400, "24 h"),
            (172_800, "2 d"),
            (129_600, "36 h"),
            (5_400, "90 min"),
            (90, "90 s"),
        ] {
            assert_eq!(whole(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn kinds_of_one_remedy_stand_together() {
        let by_default = "repaired if missing or stale; only reported if extra or diverged";
        assert_eq!(remedies(&Policy::default()), by_default);
        let all = Policy {
            extra: Remedy::Repair,
            diverged: Remedy::Adopt,
            ..Policy::default()
        };
        let told = "repaired if missing or stale or extra; adopted if diverged";
        assert_eq!(remedies(&all), told);
    }
}
