//! What the CMS has, for those who ask it.
//!
//! Ensures that it lists what is public there by now and nothing that is gone, and that the first asking
//! begins at now: what was there before is not news.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use slugline_core::failure::Failure;
use slugline_core::port::BoxFuture;
use slugline_core::reason::Reason;
use slugline_core::source::{Change, Found, Library, Locales, What, Wire};

use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::plan::Tell;
use crate::world::World;

/// How often it does not answer.
const AWAY: f64 = 0.2;
/// How often an answer about one entry is slow, and how often it is an old one.
const SLOW: f64 = 0.2;
const OLD: f64 = 0.2;
/// How often one that is silent leaves an entry out of a page's list, and how often its answer is long on its way.
const LEFT_OUT: f64 = 0.3;
const LINGERS: f64 = 0.3;
/// Milliseconds that it is slow, and old, at most.
const LATE: u64 = 3_000;
/// Changes of a page: so few that there are several.
const PAGE: usize = 2;

/// When it was asked.
#[derive(Default)]
pub(crate) struct Askings {
    /// The last time without a cursor: everything since is news.
    pub(crate) from: Option<Duration>,
    /// The last time with one.
    pub(crate) last: Option<Duration>,
    /// When it began to be listed whole.
    pub(crate) sweeps: Vec<Duration>,
}

/// A node's way to it.
pub(crate) struct Shelf {
    world: Weak<World>,
    dice: Dice,
    /// Thrown by one that is silent only.
    silence: Dice,
}

impl Shelf {
    pub(crate) fn new(world: &Arc<World>, name: &str) -> Self {
        Self {
            world: Arc::downgrade(world),
            dice: Dice::new(world.plan.seed, name),
            silence: Dice::new(world.plan.seed, &format!("silence {name}")),
        }
    }

    fn page(&self, cursor: Option<&str>) -> Option<Found> {
        let world = self.world.upgrade()?;
        let now = world.scheduler.now();
        let away = self.dice.chance(AWAY) && !world.is_calm();
        if away {
            return None;
        }
        let askings: &Mutex<Askings> = &world.askings;
        let Some(after) = cursor.and_then(|text| text.parse().ok()) else {
            hold(askings).from = Some(now);
            return Some(Found {
                changes: Vec::new(),
                cursor: micros(now).to_string(),
                more: false,
            });
        };
        let after = Duration::from_micros(after);
        let mut news = public(&world.plan.tells, now);
        news.retain(|(at, _)| *at > after);
        // What came at one moment stays together, or the next page would pass over some of it.
        let end = news.get(PAGE - 1).map_or(now, |(at, _)| *at);
        let more = news.iter().any(|(at, _)| *at > end);
        news.retain(|(at, _)| *at <= end);
        if !more {
            hold(askings).last = Some(now);
        }
        Some(Found {
            changes: news.into_iter().map(|(_, change)| change).collect(),
            cursor: micros(end).to_string(),
            more,
        })
    }
}

impl Shelf {
    /// A page of all that is public; the cursor is how much of it was seen.
    fn part(&self, cursor: Option<&str>) -> Option<Found> {
        let world = self.world.upgrade()?;
        let now = world.scheduler.now();
        if cursor.is_none() {
            hold(&world.askings).sweeps.push(now);
        }
        if self.dice.chance(AWAY) && !world.is_calm() {
            return None;
        }
        let seen = cursor.and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut there = public(&world.plan.tells, now);
        if self.is_silent(&world) && self.silence.chance(LEFT_OUT) && !there.is_empty() {
            there.remove(self.silence.below(there.len()));
        }
        let page = there.iter().skip(seen).take(PAGE);
        Some(Found {
            changes: page.map(|(_, change)| change.clone()).collect(),
            cursor: (seen + PAGE).to_string(),
            more: there.len() > seen + PAGE,
        })
    }

    fn is_silent(&self, world: &World) -> bool {
        world.plan.has(Kind::Silence) && !world.is_calm()
    }

    /// What an entry is, perhaps late, and perhaps as it was a while ago.
    async fn look(&self, named: &Change) -> Result<Vec<Change>, Failure> {
        let away = || Failure::new(Reason::Unreachable, "the CMS does not answer");
        let world = self.world.upgrade().ok_or_else(away)?;
        let throws = [AWAY, SLOW, OLD].map(|chance| self.dice.chance(chance) && !world.is_calm());
        let [is_away, is_slow, is_old] = throws;
        let (wait, age) = (self.dice.millis(0..LATE), self.dice.millis(0..LATE));
        if is_slow {
            world.scheduler.sleep(wait).await;
        }
        if is_away {
            return Err(away());
        }
        // An answer that is old can be told only where the webhook has a version.
        let age = match is_old && named.version.is_some() {
            true => age,
            false => Duration::ZERO,
        };
        let by = world.scheduler.now().saturating_sub(age);
        let mut there = public(&world.plan.tells, by);
        let meant = locales(named);
        there.retain(|(_, change)| {
            change.entry == named.entry && locales(change).iter().all(|one| meant.contains(one))
        });
        let there: Vec<Change> = there.into_iter().map(|(_, change)| change).collect();
        if self.is_silent(&world) && self.silence.chance(LINGERS) {
            world.scheduler.sleep(self.silence.millis(0..LATE)).await;
        }
        match () {
            () if !age.is_zero() && is_older(&there, named) => {
                Err(Failure::new(Reason::Conflict, "that is not there yet"))
            }
            () if there.is_empty() => Ok(vec![named.gone()]),
            () => Ok(there),
        }
    }
}

/// Whether that is how it was before what a webhook tells.
fn is_older(there: &[Change], named: &Change) -> bool {
    let Some(told) = named.version.map(|version| version.ordinal()) else {
        return false;
    };
    let newest = there.iter().filter_map(|change| change.version);
    let newest = newest.map(|version| version.ordinal()).max();
    match named.what {
        What::Published => newest.is_none_or(|newest| newest < told),
        _ => newest.is_some_and(|newest| newest <= told),
    }
}

impl Library for Shelf {
    fn look_up<'a>(
        &'a self,
        named: &'a Change,
        _: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Vec<Change>, Failure>> {
        Box::pin(self.look(named))
    }

    fn since<'a>(
        &'a self,
        cursor: Option<&'a str>,
        _: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Found, Failure>> {
        let away = || Failure::new(Reason::Unreachable, "the CMS does not answer");
        Box::pin(async move { self.page(cursor).ok_or_else(away) })
    }

    fn all<'a>(
        &'a self,
        cursor: Option<&'a str>,
        _: &'a dyn Wire,
    ) -> Option<BoxFuture<'a, Result<Found, Failure>>> {
        let away = || Failure::new(Reason::Unreachable, "the CMS does not answer");
        Some(Box::pin(async move { self.part(cursor).ok_or_else(away) }))
    }
}

/// The entries and locales of which anything is told.
pub(crate) fn places(tells: &[Tell]) -> BTreeSet<(String, String)> {
    let changes = tells.iter().flat_map(|tell| &tell.changes);
    let place = |change: &Change, locale: &str| (change.entry.clone(), locale.to_owned());
    changes
        .flat_map(|change| {
            locales(change)
                .into_iter()
                .map(move |locale| place(change, locale))
        })
        .collect()
}

/// Those of them that are public by then.
pub(crate) fn public_places(tells: &[Tell], by: Duration) -> BTreeSet<(String, String)> {
    let there = public(tells, by);
    let place = |change: &Change| (change.entry.clone(), locales(change).concat());
    there.iter().map(|(_, change)| place(change)).collect()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// What is public by then: the newest change of each entry in each locale, where that is no removal, with
/// the time at which it came to be, oldest first.
pub(crate) fn public(tells: &[Tell], by: Duration) -> Vec<(Duration, Change)> {
    let told = tells.iter().filter(|tell| tell.at <= by);
    let changes = told.flat_map(|tell| tell.changes.iter().map(|change| (tell.at, change)));
    let versioned =
        changes.filter(|(_, change)| change.version.is_some() && change.what != What::Draft);
    let mut newest: BTreeMap<(&str, &str), (Duration, &Change)> = BTreeMap::new();
    for (at, change) in versioned {
        for locale in locales(change) {
            let place = newest
                .entry((&change.entry, locale))
                .or_insert((at, change));
            if change.version.map(|it| it.ordinal()) > place.1.version.map(|it| it.ordinal()) {
                *place = (at, change);
            }
        }
    }
    let there = newest
        .into_values()
        .filter(|(_, change)| change.what == What::Published);
    let mut there: Vec<_> = there.map(|(at, change)| (at, change.clone())).collect();
    there.sort_by_key(|(at, _)| *at);
    there
}

fn locales(change: &Change) -> Vec<&str> {
    match &change.locales {
        Locales::One(locale) => vec![locale],
        Locales::Unsaid => vec!["en"],
        Locales::All => vec!["en", "fr"],
    }
}
