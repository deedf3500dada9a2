//! `[[source]] sweep`: how often all that a source has is listed, and how much is removed at once.

use std::time::Duration;

use serde::Deserialize;
use slugline_core::time::parse_duration;
use slugline_engine::webhooks::SweepSettings;

/// How often a source that is polled is swept, unless configured: it is listed whole.
const EVERY: Duration = Duration::from_secs(86_400);
/// Less than what is looked for must have been here: more often than this it would find nothing more.
const SHORTEST: Duration = Duration::from_secs(600);
/// The most that one sweep removes, unless configured: more is a matter for a person.
const MAX_REMOVALS: u64 = 100;

/// Many times what a vendor's delivery network lags, and what a webhook takes that is tried again.
const SETTLES: Duration = Duration::from_secs(300);

/// What is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub(super) struct Sweep(pub(super) Option<SweepSettings>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    every: Option<String>,
    max_removals: Option<u64>,
}

impl Default for Sweep {
    fn default() -> Self {
        Self(Some(SweepSettings {
            every: EVERY,
            max_removals: MAX_REMOVALS,
            settles: SETTLES,
        }))
    }
}

impl TryFrom<Table> for Sweep {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let every = match table.every.as_deref() {
            None => EVERY,
            Some("off") => return Ok(Self(None)),
            Some(text) => every(text)?,
        };
        Ok(Self(Some(SweepSettings {
            every,
            max_removals: table.max_removals.unwrap_or(MAX_REMOVALS),
            settles: SETTLES,
        })))
    }
}

fn every(text: &str) -> Result<Duration, String> {
    let given = parse_duration(text)?;
    if given >= SHORTEST {
        return Ok(given);
    }
    let minutes = SHORTEST.as_secs() / 60;
    Err(format!(
        "every = {text:?} is shorter than {minutes} min; \"off\" is for never"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Sweep, String> {
        let table = format!("sweep = {text}");
        let table: toml::Table = table.parse().unwrap();
        let read = table["sweep"].clone().try_into();
        read.map_err(|why: toml::de::Error| why.to_string())
    }

    #[test]
    fn what_is_not_said_is_a_day_and_a_hundred() {
        assert_eq!(read("{}").unwrap(), Sweep::default());
        let hourly = read("{ every = \"1h\", max_removals = 5 }")
            .unwrap()
            .0
            .unwrap();
        assert_eq!((hourly.every.as_secs(), hourly.max_removals), (3_600, 5));
        assert_eq!(read("{ every = \"off\" }").unwrap(), Sweep(None));
        assert!(read("{ every = \"1m\" }").unwrap_err().contains("10 min"));
        assert!(read("{ evry = \"1h\" }").unwrap_err().contains("evry"));
    }
}
