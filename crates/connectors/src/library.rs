//! What all libraries share: what becomes of an entry that is not public, and paging by time.
//!
//! Ensures that an entry which changed after a cursor is found at least once: a page begins at the time of
//! the last entry of the one before, and the cursor stays behind the clock, because what is written now may
//! come to light later. What a vendor's list does not tell cannot be found: that an entry is gone, mostly.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use slugline_core::failure::Failure;
use slugline_core::port::BoxFuture;
use slugline_core::reason::Reason;
use slugline_core::secret::Secrets;
use slugline_core::source::{Change, Found, Library, What, Wire};
use slugline_core::time::Timestamp;
use slugline_core::version::Version;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use toml::Spanned;
use toml::de::DeTable;

use crate::asking::unexpected;
use crate::config::ConfigError;
use crate::mapping::Mapping;
use crate::reading::{MAX_NAME, at, time};

/// Entries of a page, of all lists together.
const PAGE: usize = 50;
/// How far the cursor stays behind the clock: what clocks may differ by, and what a write may take.
const MARGIN: Duration = Duration::from_secs(300);
/// The smallest step of a time in vendors' answers.
const STEP: Duration = Duration::from_millis(1);

/// Makes a library from the `api` of a source.
pub(crate) type Build =
    fn(Spanned<DeTable<'_>>, Arc<Mapping>, &dyn Secrets) -> Result<Box<dyn Library>, ConfigError>;

/// A vendor's way to answer what a library is asked.
pub(crate) trait Catalogue: Send + Sync {
    /// Whether it may answer with what was public a moment ago, or that nothing was.
    const LAGS: bool = false;

    /// What an entry is now, where it is public; nothing, where it is not.
    fn entry(
        &self,
        named: &Change,
        wire: &dyn Wire,
    ) -> impl Future<Output = Result<Vec<Change>, Failure>> + Send;

    /// The names of the lists that have all entries between them.
    fn lists(&self) -> Vec<String>;

    /// Entries of a list that changed at a time or later, oldest first; earlier ones may be among them.
    fn page(
        &self,
        list: &str,
        page: Page,
        wire: &dyn Wire,
    ) -> impl Future<Output = Result<Vec<Listed>, Failure>> + Send;

    /// The same for who wants all that is public, whenever it changed, and takes it in any order: where the
    /// way by time is too long for that.
    fn whole(
        &self,
        list: &str,
        page: Page,
        wire: &dyn Wire,
    ) -> impl Future<Output = Result<Vec<Listed>, Failure>> + Send {
        self.page(list, page, wire)
    }
}

/// An entry of a list.
pub(crate) struct Listed {
    /// The time by which the list is ordered.
    pub(crate) at: Timestamp,
    pub(crate) changes: Vec<Change>,
}

/// Which part of a list is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    pub(crate) from: Timestamp,
    pub(crate) skip: usize,
    pub(crate) limit: usize,
}

impl Page {
    /// Its number, counted from one, for vendors that count pages.
    pub(crate) fn number(self) -> usize {
        self.skip / self.limit.max(1) + 1
    }
}

/// A catalogue as a library.
pub(crate) struct Asked<C>(pub(crate) C);

impl<C: Catalogue> Library for Asked<C> {
    fn look_up<'a>(
        &'a self,
        named: &'a Change,
        wire: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Vec<Change>, Failure>> {
        Box::pin(look_up(&self.0, named, wire))
    }

    fn since<'a>(
        &'a self,
        cursor: Option<&'a str>,
        wire: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Found, Failure>> {
        Box::pin(since(&self.0, cursor, wire))
    }

    fn all<'a>(
        &'a self,
        cursor: Option<&'a str>,
        wire: &'a dyn Wire,
    ) -> Option<BoxFuture<'a, Result<Found, Failure>>> {
        Some(Box::pin(all(&self.0, cursor, wire)))
    }
}

async fn look_up<C: Catalogue>(
    catalogue: &C,
    named: &Change,
    wire: &dyn Wire,
) -> Result<Vec<Change>, Failure> {
    // A file or a term counts in another way than entries do.
    if !named.what.is_of_an_entry() {
        return Ok(vec![named.clone()]);
    }
    let public = catalogue.entry(named, wire).await?;
    if public.iter().any(|change| change.entry != named.entry) {
        let what = format!("asking for {:?}", named.entry);
        return Err(unexpected(&what, "is about another entry"));
    }
    if C::LAGS && is_behind(named, &public) {
        let why = format!("{:?} is not there yet as its webhook tells it", named.entry);
        return Err(Failure::new(Reason::Conflict, why));
    }
    match public.is_empty() {
        true => Ok(vec![named.gone()]),
        false => Ok(public),
    }
}

/// Whether less is public than a publish has told, or still what a removal has removed.
fn is_behind(named: &Change, public: &[Change]) -> bool {
    let newest = public.iter().filter_map(|change| change.version);
    let newest = newest.max_by_key(|version| version.ordinal());
    let order = match (named.version, newest) {
        (Some(told), Some(newest)) if told.kind() == newest.kind() => {
            Some(newest.ordinal().cmp(&told.ordinal()))
        }
        _ => None,
    };
    match named.what {
        What::Published => public.is_empty() || order == Some(Ordering::Less),
        _ => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    }
}

/// A change from a list; what is not public there tells no version, as where it was looked up.
pub(crate) fn not_public(change: Change) -> Change {
    match change.what {
        What::Published => change,
        _ => change.gone(),
    }
}

/// A webhook's version may be the time at which it was sent, a little after the change: what is read from the
/// same database later is not older than that.
pub(crate) fn later(own: Option<Version>, told: Option<Version>) -> Option<Version> {
    match (own, told) {
        (Some(Version::Time(own)), Some(Version::Time(told))) => Some(Version::Time(own.max(told))),
        (own, _) => own,
    }
}

/// The names of a configured list, of which there must be some.
pub(crate) fn some(names: Spanned<Vec<String>>, key: &str) -> Result<Vec<String>, ConfigError> {
    let is_usable = |name: &String| !name.is_empty() && name.len() <= MAX_NAME;
    let are_usable = !names.get_ref().is_empty() && names.get_ref().iter().all(is_usable);
    match are_usable {
        true => Ok(names.into_inner()),
        false => Err(ConfigError::new(
            names.span(),
            format!("{key} must name at least one"),
        )),
    }
}

async fn since<C: Catalogue>(
    catalogue: &C,
    cursor: Option<&str>,
    wire: &dyn Wire,
) -> Result<Found, Failure> {
    let now = wire.now();
    let lists = catalogue.lists();
    let known = Cursors::read(cursor)?;
    let mut places = BTreeMap::new();
    let (mut changes, mut more) = (Vec::new(), false);
    let limit = (PAGE / lists.len().max(1)).max(1);
    for list in lists {
        let place = known.0.get(&list).copied();
        let Some(place) = place else {
            places.insert(list, Place::new(now.minus(MARGIN)));
            continue;
        };
        let page = Page {
            from: place.from,
            skip: place.skip,
            limit,
        };
        let listed = catalogue.page(&list, page, wire).await?;
        in_order(&list, &listed)?;
        let is_full = listed.len() >= limit;
        more |= is_full;
        places.insert(list, place.after(&listed, is_full.then_some(limit), now));
        let news = listed.into_iter().filter(|entry| entry.at >= place.from);
        changes.extend(news.flat_map(|entry| entry.changes));
    }
    Ok(Found {
        changes,
        cursor: Cursors(places).written(),
        more,
    })
}

/// Goes through one list after the other. A page ends where it is short and nothing newer is in it: a vendor
/// may give fewer than were asked for.
async fn all<C: Catalogue>(
    catalogue: &C,
    cursor: Option<&str>,
    wire: &dyn Wire,
) -> Result<Found, Failure> {
    let lists = catalogue.lists();
    let mut known = Cursors::read(cursor)?;
    let first = lists.first().map(|list| (list.clone(), BEGINNING));
    let Some((list, place)) = known.0.pop_first().or(first) else {
        return Ok(Found {
            changes: Vec::new(),
            cursor: String::new(),
            more: false,
        });
    };
    let page = Page {
        from: place.from,
        skip: place.skip,
        limit: PAGE,
    };
    let listed = catalogue.whole(&list, page, wire).await?;
    in_order(&list, &listed)?;
    let next = place.further(&listed).map(|place| (list.clone(), place));
    let other = lists.iter().skip_while(|other| **other != list).nth(1);
    let next = next.or_else(|| Some((other?.clone(), BEGINNING)));
    Ok(Found {
        changes: listed.into_iter().flat_map(|entry| entry.changes).collect(),
        more: next.is_some(),
        cursor: Cursors(next.into_iter().collect()).written(),
    })
}

/// A list in another order than was asked for would let the cursor pass over what stands further down.
fn in_order(list: &str, listed: &[Listed]) -> Result<(), Failure> {
    if listed.is_sorted_by_key(|entry| entry.at) {
        return Ok(());
    }
    let why = "is not in the order that was asked for; nothing was taken from it, because changes could be missed";
    Err(unexpected(&format!("listing {list}"), why))
}

/// Where each list goes on; JSON.
#[derive(Default, Deserialize, Serialize)]
struct Cursors(BTreeMap<String, Place>);

impl Cursors {
    fn read(cursor: Option<&str>) -> Result<Self, Failure> {
        let Some(text) = cursor else {
            return Ok(Self::default());
        };
        serde_json::from_str(text).map_err(|why| {
            Failure::new(
                Reason::LocalStorage,
                format!("{text:?} is no cursor: {why}"),
            )
        })
    }

    fn written(&self) -> String {
        serde_json::to_value(self).unwrap_or_default().to_string()
    }
}

/// A place in a list: a time, and how many entries from there on were seen, where a whole page of them did
/// not come past it.
#[derive(Clone, Copy, Deserialize, Serialize)]
struct Place {
    from: Timestamp,
    #[serde(default)]
    skip: usize,
}

/// Before all that was ever written, and not before 1970 when a filter leaves out the time itself.
const BEGINNING: Place = Place {
    from: Timestamp(86_400_000_000),
    skip: 0,
};

impl Place {
    /// The place after a page of a list that is read to its end; `None` there.
    fn further(self, listed: &[Listed]) -> Option<Self> {
        let newest = listed.last()?.at;
        let next = Self {
            skip: self.skip.saturating_add(PAGE),
            ..self
        };
        match newest > self.from {
            true => Some(Self::new(newest)),
            false => (listed.len() >= PAGE).then_some(next),
        }
    }

    fn new(from: Timestamp) -> Self {
        Self { from, skip: 0 }
    }

    /// The place after a page; `full` is how many entries were asked for, where all of them came.
    fn after(self, listed: &[Listed], full: Option<usize>, now: Timestamp) -> Self {
        let newest = listed.last().map(|entry| entry.at);
        let Some(newest) = newest else {
            return Self::new(self.from);
        };
        match full {
            Some(limit) if newest <= self.from => Self {
                from: self.from,
                skip: self.skip.saturating_add(limit),
            },
            Some(_) => Self::new(newest),
            // Nothing can appear any more at a time that is long past.
            None => Self::new(newest.plus(STEP).min(now.minus(MARGIN)).max(self.from)),
        }
    }
}

/// The time at the first of these places that has one.
pub(crate) fn moment(entry: &Value, places: &[&str], what: &str) -> Result<Timestamp, Failure> {
    let found = places.iter().find_map(|place| time(at(entry, place)?));
    let missing = || {
        unexpected(
            what,
            &format!("has an entry without {}", places.join(" or ")),
        )
    };
    found.ok_or_else(missing)
}

/// What a mapping does not fit is the configuration's fault: nothing is passed over because of it.
pub(crate) fn misfit(what: &str) -> impl Fn(String) -> Failure + '_ {
    move |why| Failure::new(Reason::Misconfigured, format!("{what}: {why}"))
}

/// `2026-01-01T00:00:00.000Z`, as most vendors write times.
pub(crate) const MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
/// `2026-01-01 00:00:00`, as databases write them.
pub(crate) const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
/// `2026-01-01 00:00`.
pub(crate) const MINUTES: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]");

/// A time in UTC, cut to what the form can hold.
pub(crate) fn written(at: Timestamp, form: &[BorrowedFormatItem<'_>]) -> String {
    let instant = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000).ok();
    let written = instant.and_then(|instant| instant.format(form).ok());
    written.unwrap_or_else(|| at.to_string())
}
