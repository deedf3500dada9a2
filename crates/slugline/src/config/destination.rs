//! `[[destination]]`: the keys that every destination has; the rest is the vendor's.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use slugline_connectors::registry;
use slugline_core::budget::parse_rate;
use slugline_core::connector::Connector;
use slugline_core::pace::{LARGEST_CAPACITY, Pace, Window};
use slugline_core::route::RoutedDestination;
use slugline_core::secret::Secrets;
use slugline_core::time::parse_duration;
use toml::Spanned;

use super::complaints::Place;
use super::drift::{Drift, Reconcile};
use super::section::Section;
use super::token::name;

/// Runs at once at one destination; no vendor takes more.
const MAX_CONCURRENCY: u64 = 1_024;
/// Requests may take from a tenth of a second, below which a busy network looks like an outage, …
const MIN_TIMEOUT: Duration = Duration::from_millis(100);
/// … to ten minutes, the longest that a worker and a lease should be held.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);

/// A configured place that content goes to.
#[derive(Clone)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// The vendor's `type`.
    pub kind: String,
    /// The only environment that it serves, if it is limited to one.
    pub environment: Option<String>,
    /// The region whose nodes deliver to it; any node when `None`.
    pub region: Option<String>,
    /// The only owner that it serves, if it is limited to one.
    pub owner: Option<String>,
    /// Requests per period; unlimited when `None`.
    pub rate: Option<(u32, Duration)>,
    /// Runs at once; the connector's own when `None`.
    pub concurrency: Option<usize>,
    /// Longest time for one request; the connector's own when `None`.
    pub timeout: Option<Duration>,
    /// How long after a lost answer the write may still be committed; the connector's when `None`.
    pub commit_window: Option<Duration>,
    /// How long readers may lag behind a write; the connector's when `None`.
    pub verify_window: Option<Duration>,
    /// What is done about drift.
    pub on_drift: Drift,
    /// How often it is compared with what is desired there.
    pub reconcile: Reconcile,
    /// What to do after a write of unknown outcome that cannot be looked up.
    pub on_unknown: OnUnknown,
    /// When publishes may begin there; at any time when `None`.
    pub pace: Option<Pace>,
    /// The vendor's code, configured.
    pub connector: Arc<dyn Connector>,
}

/// What to do after a write of unknown outcome where nothing can be looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// Make a dead letter, for a person to decide.
    #[default]
    DeadLetter,
    /// Send it again, though it may happen twice.
    Repeat,
}

impl Destination {
    /// What routing needs to know of it.
    #[must_use]
    pub fn routed(&self) -> RoutedDestination {
        RoutedDestination {
            name: self.name.clone(),
            owner: self.owner.clone(),
            environment: self.environment.clone(),
            drafts: self.connector.capabilities().drafts,
        }
    }
}

pub(super) fn read(mut section: Section<'_, '_>, secrets: &dyn Secrets) -> Option<Destination> {
    section.need("name", "\"blog\"");
    let types: Vec<String> = registry::types().map(|kind| format!("{kind:?}")).collect();
    section.need("type", &types.join(" or "));
    let name_given = value(section.read("name", name));
    let kind: Option<Spanned<String>> = section
        .take("type")
        .map(|(kind, place)| placed(kind, &place));
    let environment = value(section.read("environment", name));
    let region = value(section.read("region", name));
    let owner = value(section.read("owner", name));
    let rate = value(section.read("rate", parse_rate));
    let concurrency = section.number("concurrency", 1, MAX_CONCURRENCY);
    let timeout = value(section.read("timeout", timeout));
    let commit_window = value(section.read("commit_window", parse_duration));
    let verify_window = value(section.read("verify_window", parse_duration));
    let on_drift = value(section.take("on_drift")).unwrap_or_default();
    let reconcile = value(section.take("reconcile")).unwrap_or_default();
    let on_unknown = value(section.take("on_unknown")).unwrap_or_default();
    let pace = pace(&mut section);
    let kind = kind?;
    let connector = build(section, &kind, secrets)?;
    Some(Destination {
        name: name_given?,
        kind: kind.into_inner(),
        environment,
        region,
        owner,
        rate,
        concurrency: concurrency.and_then(|number| usize::try_from(number).ok()),
        timeout,
        commit_window,
        verify_window,
        on_drift,
        reconcile,
        on_unknown,
        pace,
        connector,
    })
}

fn pace(section: &mut Section<'_, '_>) -> Option<Pace> {
    let capacity = section.number("daily_capacity", 1, LARGEST_CAPACITY);
    let windows = section.take::<Vec<Window>>("windows");
    let time_zone = value(section.take::<String>("time_zone"));
    let place = windows.as_ref().map(|(_, place)| place.clone());
    let pace = Pace {
        daily_capacity: capacity.and_then(|count| u32::try_from(count).ok()),
        windows: value(windows).unwrap_or_default(),
        time_zone: time_zone.unwrap_or_default(),
    };
    if let (Err(why), Some(place)) = (pace.check(), place) {
        section.complain(place, "windows", &why);
    }
    (!pace.is_free()).then_some(pace)
}

fn build(
    section: Section<'_, '_>,
    kind: &Spanned<String>,
    secrets: &dyn Secrets,
) -> Option<Arc<dyn Connector>> {
    let common = section.known();
    let (rest, complaints) = section.remaining();
    match registry::build(kind, rest, secrets) {
        Ok(connector) => Some(Arc::from(connector)),
        Err(why) => {
            let mut message = format!("[[destination]] {}: {}", kind.get_ref(), why.message);
            if why.message.starts_with("unknown field") {
                message.push_str(&format!("; or, as for every destination: {common}"));
            }
            complaints.add(Place::File(why.span), message);
            None
        }
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    let given = parse_duration(text)?;
    if (MIN_TIMEOUT..=MAX_TIMEOUT).contains(&given) {
        return Ok(given);
    }
    Err(format!(
        "{text:?} does not lie between {MIN_TIMEOUT:?} and {MAX_TIMEOUT:?}"
    ))
}

pub(super) fn placed<T>(value: T, place: &Place) -> Spanned<T> {
    match place {
        Place::File(span) => Spanned::new(span.clone(), value),
        Place::Environment => Spanned::new(0..0, value),
    }
}

pub(super) fn value<T>(placed: Option<(T, Place)>) -> Option<T> {
    placed.map(|(value, _)| value)
}
