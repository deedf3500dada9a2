//! What the CMS has, for those who ask it.
//!
//! Ensures that it lists what is public there by now and nothing that is gone, and that the first asking
//! begins at now: what was there before is not news.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use slugline_core::failure::Failure;
use slugline_core::port::BoxFuture;
use slugline_core::reason::Reason;
use slugline_core::source::{Change, Found, Library, Locales, What, Wire};

use crate::dice::Dice;
use crate::hold;
use crate::plan::Tell;
use crate::world::World;

/// How often it does not answer.
const AWAY: f64 = 0.2;
/// Changes of a page: so few that there are several.
const PAGE: usize = 2;

/// When it was asked.
#[derive(Default)]
pub(crate) struct Askings {
    /// The last time without a cursor: everything since is news.
    pub(crate) from: Option<Duration>,
    /// The last time with one.
    pub(crate) last: Option<Duration>,
}

/// A node's way to it.
pub(crate) struct Shelf {
    world: Weak<World>,
    dice: Dice,
}

impl Shelf {
    pub(crate) fn new(world: &Arc<World>, name: &str) -> Self {
        Self {
            world: Arc::downgrade(world),
            dice: Dice::new(world.plan.seed, name),
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

impl Library for Shelf {
    fn look_up<'a>(
        &'a self,
        named: &'a Change,
        _: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Vec<Change>, Failure>> {
        // Every webhook carries its content here.
        let why = format!("{:?} need not be looked up", named.entry);
        Box::pin(async move { Err(Failure::new(Reason::InvalidContent, why)) })
    }

    fn since<'a>(
        &'a self,
        cursor: Option<&'a str>,
        _: &'a dyn Wire,
    ) -> BoxFuture<'a, Result<Found, Failure>> {
        let away = || Failure::new(Reason::Unreachable, "the CMS does not answer");
        Box::pin(async move { self.page(cursor).ok_or_else(away) })
    }
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
