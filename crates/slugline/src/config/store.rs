//! `[store]`: how long what is remembered.

use std::time::Duration;

use slugline_core::time::parse_duration;
use slugline_engine::store::Retention;

use super::section::Section;

const DAY: Duration = Duration::from_secs(86_400);
/// Keys outlive the longest schedule by which clients repeat their requests.
const IDEMPOTENCY_TTL: Duration = Duration::from_secs(7 * 86_400);
/// An uploaded medium stays at its destination this long after nothing uses it.
const MEDIA_GRACE: Duration = Duration::from_secs(7 * 86_400);
/// A quarter of a year to look back, or to go back, in.
const RETENTION: Duration = Duration::from_secs(90 * 86_400);
/// The log outlives an audit's year.
const LOG_RETENTION: Duration = Duration::from_secs(400 * 86_400);

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// How long keys are remembered.
    pub idempotency_ttl: Duration,
    /// How long an unused upload stays at its destination.
    pub media_grace: Duration,
    /// How long the rest is kept.
    pub retention: Retention,
}

pub(super) fn read(mut section: Section<'_, '_>) -> StoreSettings {
    let idempotency_ttl = duration(&mut section, "idempotency_ttl", IDEMPOTENCY_TTL);
    let media_grace = duration(&mut section, "media_grace", MEDIA_GRACE);
    let retention = retention(section.section("retention"));
    section.finish();
    StoreSettings {
        idempotency_ttl,
        media_grace,
        retention,
    }
}

fn retention(mut section: Section<'_, '_>) -> Retention {
    let retention = Retention {
        revisions: at_least_a_day(&mut section, "revisions", RETENTION),
        attempts: at_least_a_day(&mut section, "attempts", RETENTION),
        log: at_least_a_day(&mut section, "log", LOG_RETENTION),
        media: at_least_a_day(&mut section, "media", RETENTION),
    };
    section.finish();
    retention
}

fn duration(section: &mut Section<'_, '_>, key: &'static str, usual: Duration) -> Duration {
    section
        .read(key, parse_duration)
        .map_or(usual, |(given, _)| given)
}

/// Less than a day would take away what a person looks at the next morning.
fn at_least_a_day(section: &mut Section<'_, '_>, key: &'static str, usual: Duration) -> Duration {
    let read = |text: &str| match parse_duration(text)? {
        given if given >= DAY => Ok(given),
        _ => Err(format!("{text:?} is less than a day (\"1d\")")),
    };
    section.read(key, read).map_or(usual, |(given, _)| given)
}
