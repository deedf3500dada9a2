//! `[[destination]] on_drift` and `reconcile`: what is compared how often, and what is done about drift.
//!
//! Ensures that the short form, a word for publishes, and the long one, a table, say the same.

use std::time::Duration;

use serde::Deserialize;
use slugline_core::remedy::{Policy, Remedy};
use slugline_core::time::parse_duration;
use slugline_engine::destination::{MAX_REPAIRS, ReconcileSettings};

/// How often a destination is compared with what is desired there, unless configured.
const EVERY: Duration = Duration::from_secs(86_400);
/// A listing takes minutes: more often than this it would never end.
const SHORTEST: Duration = Duration::from_secs(60);

/// What a publish does about an entry that somebody else changed at the destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDrift {
    /// Bring it to the desired state.
    #[default]
    Overwrite,
    /// Leave it and make a dead letter.
    Report,
}

/// All that is done about drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Given")]
pub struct Drift {
    /// By a publish.
    pub publish: OnDrift,
    /// By a reconciliation.
    pub policy: Policy,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "must be \"overwrite\", \"report\" or a table such as { publish = \"report\", missing = \"repair\" } of \
                 publish (overwrite, report) and missing, stale, extra, diverged (repair, report, adopt)"
)]
enum Given {
    Word(OnDrift),
    Table(Table),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    publish: OnDrift,
    missing: Option<Remedy>,
    stale: Option<Remedy>,
    extra: Option<Remedy>,
    diverged: Option<Remedy>,
}

impl TryFrom<Given> for Drift {
    type Error = String;

    fn try_from(given: Given) -> Result<Self, String> {
        let usual = Policy::default();
        match given {
            Given::Word(publish) => Ok(Self {
                publish,
                policy: usual,
            }),
            Given::Table(table) if table.missing == Some(Remedy::Adopt) => {
                Err("what is missing cannot be adopted; use \"report\" to leave it away".into())
            }
            Given::Table(table) => Ok(Self {
                publish: table.publish,
                policy: Policy {
                    missing: table.missing.unwrap_or(usual.missing),
                    stale: table.stale.unwrap_or(usual.stale),
                    extra: table.extra.unwrap_or(usual.extra),
                    diverged: table.diverged.unwrap_or(usual.diverged),
                },
            }),
        }
    }
}

/// How often a destination is compared, and how much is repaired at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ReconcileTable")]
pub struct Reconcile {
    every: Option<Duration>,
    max_repairs: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconcileTable {
    every: Option<String>,
    max_repairs: Option<u64>,
}

impl Default for Reconcile {
    fn default() -> Self {
        Self {
            every: Some(EVERY),
            max_repairs: MAX_REPAIRS,
        }
    }
}

impl TryFrom<ReconcileTable> for Reconcile {
    type Error = String;

    fn try_from(table: ReconcileTable) -> Result<Self, String> {
        Ok(Self {
            every: match table.every.as_deref() {
                None => Some(EVERY),
                Some("off") => None,
                Some(text) => Some(every(text)?),
            },
            max_repairs: table.max_repairs.unwrap_or(MAX_REPAIRS),
        })
    }
}

fn every(text: &str) -> Result<Duration, String> {
    let given = parse_duration(text)?;
    if given >= SHORTEST {
        return Ok(given);
    }
    Err(format!(
        "every = {text:?} is shorter than {SHORTEST:?}; \"off\" is for on demand only"
    ))
}

impl Reconcile {
    /// With what is done about what is found.
    #[must_use]
    pub fn settings(self, drift: Drift) -> ReconcileSettings {
        ReconcileSettings {
            every: self.every,
            policy: drift.policy,
            max_repairs: self.max_repairs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(text: &str) -> Result<Drift, String> {
        let value = toml::de::ValueDeserializer::parse(text).unwrap();
        Drift::deserialize(value).map_err(|why| why.message().to_owned())
    }

    fn reconcile(text: &str) -> Result<Reconcile, String> {
        let value = toml::de::ValueDeserializer::parse(text).unwrap();
        Reconcile::deserialize(value).map_err(|why| why.message().to_owned())
    }

    #[test]
    fn a_word_is_for_publishes_and_a_table_for_all() {
        let word = drift("\"report\"").unwrap();
        assert_eq!(
            (word.publish, word.policy),
            (OnDrift::Report, Policy::default())
        );
        let table = drift("{ diverged = \"adopt\", missing = \"report\" }").unwrap();
        let expected = Policy {
            diverged: Remedy::Adopt,
            missing: Remedy::Report,
            ..Policy::default()
        };
        assert_eq!(
            (table.publish, table.policy),
            (OnDrift::Overwrite, expected)
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let why = drift("{ missing = \"adopt\" }").unwrap_err();
        assert!(why.contains("cannot be adopted"), "{why}");
        let why = drift("{ gone = \"repair\" }").unwrap_err();
        assert!(why.contains("missing, stale, extra, diverged"), "{why}");
        let why = reconcile("{ every = \"1s\" }").unwrap_err();
        assert!(why.contains("\"off\""), "{why}");
    }

    #[test]
    fn it_is_compared_every_day_unless_somebody_says_otherwise() {
        assert_eq!(reconcile("{}").unwrap(), Reconcile::default());
        let off = reconcile("{ every = \"off\", max_repairs = 0 }").unwrap();
        let settings = off.settings(Drift::default());
        assert_eq!((settings.every, settings.max_repairs), (None, 0));
        let often = reconcile("{ every = \"90m\" }").unwrap();
        assert_eq!(often.every, Some(Duration::from_secs(5_400)));
    }
}
