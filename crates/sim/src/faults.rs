//! The kinds of trouble that a run may meet.
//!
//! Ensures that each has a name by which it can be switched off, so that a failing seed can be cut
//! down to what it needs.

use std::fmt;
use std::str::FromStr;

use crate::dice::Dice;

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Requests are slow, refused, cut, answered with errors, throttled; answers are lost.
    Network,
    /// Requests are carried out after their client gave up.
    Late,
    /// Requests are carried out twice.
    Twice,
    /// A vendor is away for a while.
    Outage,
    /// A vendor answers 200 and stores nothing.
    Ignored,
    /// The vendor's public pages lag.
    Lag,
    /// A person writes posts that take slugs.
    Persons,
    /// A person changes or removes entries that are ours.
    Drift,
    /// A node ends at any await, and another takes its place.
    Crash,
    /// A node is stopped as by a signal, and started again.
    Stop,
    /// A node stands still past its leases, and goes on.
    Freeze,
    /// Every node ends between two operations of the store, or in the middle of one.
    PowerCut,
    /// The power goes with them: what was not synced is kept, lost or torn.
    Torn,
    /// Answers of the store are lost, before or after it did what was asked.
    LostReply,
    /// The disk is full for a while.
    FullDisk,
    /// A node's time of day jumps.
    NodeClock,
    /// The store's time of day jumps.
    StoreClock,
    /// Operators pause and resume.
    Pauses,
    /// Operators press the buttons of jobs, at random, twice and at the same time.
    Buttons,
    /// Operators edit contents, roll them back and revert them.
    Edits,
    /// Operators roll several contents back at once.
    Releases,
    /// Operators have what was asked for before run again.
    Replays,
    /// Operators have all words of an item erased.
    Erasures,
    /// A destination has a daily capacity.
    Pace,
    /// Operators repair or adopt what has drifted.
    Mends,
    /// Operators have webhooks dealt with again.
    Redoes,
    /// A CMS that is swept tells of few removals, leaves entries out of its lists, and answers late.
    Silence,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 27] = [
        Self::Network,
        Self::Late,
        Self::Twice,
        Self::Outage,
        Self::Ignored,
        Self::Lag,
        Self::Persons,
        Self::Drift,
        Self::Crash,
        Self::Stop,
        Self::Freeze,
        Self::PowerCut,
        Self::Torn,
        Self::LostReply,
        Self::FullDisk,
        Self::NodeClock,
        Self::StoreClock,
        Self::Pauses,
        Self::Buttons,
        Self::Edits,
        Self::Releases,
        Self::Replays,
        Self::Erasures,
        Self::Pace,
        Self::Mends,
        Self::Redoes,
        Self::Silence,
    ];

    /// How often a seed has it.
    pub(crate) fn chance(self) -> f64 {
        match self {
            Self::Network | Self::Late | Self::Crash => 0.6,
            Self::Freeze | Self::PowerCut | Self::LostReply => 0.4,
            Self::Torn => 0.25,
            Self::StoreClock | Self::NodeClock | Self::FullDisk => 0.15,
            _ => 0.3,
        }
    }

    /// The kinds of a seed.
    pub(crate) fn of(dice: &Dice) -> Vec<Self> {
        // Thrown for each kind, so that a kind added at the end changes no older one.
        let thrown = Self::ALL.into_iter().filter(|kind| !kind.has_own_dice());
        thrown.filter(|kind| dice.chance(kind.chance())).collect()
    }

    /// Kinds that came later throw dice of their own: what the plan's dice give next stays as it was.
    pub(crate) fn later(seed: u64) -> impl Iterator<Item = Self> {
        let later = Self::ALL.into_iter().filter(|kind| kind.has_own_dice());
        later.filter(move |kind| Dice::new(seed, &kind.to_string()).chance(kind.chance()))
    }

    /// All from the first that came later on.
    fn has_own_dice(self) -> bool {
        Self::Pauses <= self
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == text);
        let known = || Self::ALL.map(|kind| kind.to_string()).join(", ");
        found.ok_or_else(|| format!("{text:?} is no kind of trouble; there are {}", known()))
    }
}
