//! `[store]`: where what is remembered is kept, and how long.

use std::time::Duration;

use slugline_core::secret::{Secret, SecretRef, Secrets};
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
    /// The PostgreSQL database; the data directory's SQLite when there is none.
    pub url: Option<Secret>,
    /// How long keys are remembered.
    pub idempotency_ttl: Duration,
    /// How long an unused upload stays at its destination.
    pub media_grace: Duration,
    /// How long the rest is kept.
    pub retention: Retention,
}

pub(super) fn read(mut section: Section<'_, '_>, secrets: &dyn Secrets) -> StoreSettings {
    let url = section.read("url", |text| database_url(text, secrets));
    let idempotency_ttl = duration(&mut section, "idempotency_ttl", IDEMPOTENCY_TTL);
    let media_grace = duration(&mut section, "media_grace", MEDIA_GRACE);
    let retention = retention(section.section("retention"));
    section.finish();
    StoreSettings {
        url: url.map(|(url, _)| url),
        idempotency_ttl,
        media_grace,
        retention,
    }
}

/// A URL, or where it is. One with a password is a secret, and a secret is not written here.
fn database_url(text: &str, secrets: &dyn Secrets) -> Result<Secret, String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return secrets.resolve(&SecretRef(text.into())).map_err(|why| {
            format!("is no URL such as \"postgres://slugline@db.internal/slugline\"; {why}")
        });
    };
    let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
    match scheme {
        "postgres" | "postgresql" if user.contains(':') => Err(
            "has a password in it: put the URL into an environment variable and write \"env:NAME\""
                .into(),
        ),
        "postgres" | "postgresql" => Ok(Secret::new(text)),
        _ => Err(format!("{scheme:?} is no store; there is \"postgres\"")),
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
