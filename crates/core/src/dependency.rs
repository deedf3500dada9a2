//! What a publish depends on: when that is live, and how long it is waited for.
//!
//! Ensures that the same facts give the same answer on every store and node, and that a cycle is named
//! only where none of its publishes can go first. Finds nothing out: a store brings the facts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::failure::Failure;
use crate::ids::PublishId;
use crate::item::Action;
use crate::reason::Reason;
use crate::source::ALL_LOCALES;
use crate::time::Timestamp;

/// Content ids that one request may depend on: each is looked up whenever the publish is looked at.
pub const MAX_DEPENDENCIES: usize = 50;
/// Contents that one search for a cycle looks at. Publishes that wait for each other in a wider circle
/// end at their class's deadline.
pub const MAX_SEARCHED: usize = 100;
/// A publish that waits is looked at again after as long as it has waited, but not sooner than this:
/// a mark that it may go on was not seen where the two were written in the same moment.
const LOOK_SOONEST: Duration = Duration::from_secs(1);
/// And not later than this: what is lost besides costs minutes, never a publish.
const LOOK_LATEST: Duration = Duration::from_secs(300);

/// A content in one of its locales, at one of the destinations that desire it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The locale.
    pub locale: String,
    /// `None`: it is known in this locale, and no destination has ever desired it.
    pub at: Option<Standing>,
}

impl Place {
    /// What a source has and nobody publishes, such as a file: it is live for all, wherever they go. An item of
    /// the same name in the dependant's locale comes first.
    #[must_use]
    pub fn at_its_source() -> Self {
        Self {
            locale: ALL_LOCALES.into(),
            at: Some(Standing {
                destination: String::new(),
                desired: Action::Publish,
                shown: Some(Action::Publish),
            }),
        }
    }
}

/// How it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The destination's name.
    pub destination: String,
    /// What is desired.
    pub desired: Action,
    /// What was last verified as done.
    pub shown: Option<Action>,
}

/// A publish that depends on others.
#[derive(Clone, Copy, Debug)]
pub struct Dependant<'a> {
    /// What it wants.
    pub action: Action,
    /// Its locale.
    pub locale: &'a str,
    /// Where it goes.
    pub destinations: &'a [String],
}

impl Dependant<'_> {
    /// Whether a content with these places is live for it: in its locale or, where the content has no
    /// such locale, in any.
    #[must_use]
    pub fn is_met_by(&self, places: &[Place]) -> bool {
        let mut locales: BTreeSet<&str> = places.iter().map(|place| &*place.locale).collect();
        if locales.contains(self.locale) {
            locales = BTreeSet::from([self.locale]);
        }
        locales.into_iter().any(|locale| {
            let of_locale = places.iter().filter(|place| place.locale == locale);
            self.is_live(of_locale.filter_map(|place| place.at.as_ref()))
        })
    }

    /// Live wherever it is desired of the places that the publish goes to; if at none, then anywhere.
    fn is_live<'p>(&self, standings: impl Iterator<Item = &'p Standing>) -> bool {
        let wanted: Vec<&Standing> = standings.filter(|at| self.counts(at.desired)).collect();
        let is_shown = |at: &&Standing| at.shown.is_some_and(|action| self.counts(action));
        let mut here = wanted
            .iter()
            .filter(|at| self.destinations.contains(&at.destination))
            .peekable();
        match here.peek() {
            Some(_) => here.all(is_shown),
            None => wanted.iter().any(is_shown),
        }
    }

    /// A draft may refer to a draft.
    fn counts(&self, action: Action) -> bool {
        action == Action::Publish || (action == Action::Draft && self.action == Action::Draft)
    }
}

/// What becomes of a publish whose dependencies are not live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It is looked at again at this time, unless one of them goes live before.
    Wait(Timestamp),
    /// Its jobs are dead letters.
    GiveUp(Failure),
}

/// A publish that was looked at and cannot be released.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// When it would have been released otherwise.
    pub since: Timestamp,
    /// Its class's deadline from then on; `None` where nobody gives up.
    pub patience: Option<Duration>,
    /// The content ids that are not live.
    pub unmet: &'a [String],
    /// A cycle that it closes, as [`CycleSearch::closed_by`] names it.
    pub cycle: Option<&'a [String]>,
}

impl Waiting<'_> {
    /// What becomes of it now.
    #[must_use]
    pub fn outlook(&self, now: Timestamp) -> Outlook {
        if let Some(cycle) = self.cycle {
            let message = format!("they wait for each other: {}", cycle.join(" → "));
            return Outlook::GiveUp(Failure::new(Reason::DependencyCycle, message));
        }
        let again = now.plus(now.since(self.since).clamp(LOOK_SOONEST, LOOK_LATEST));
        match self.patience {
            Some(patience) if now >= self.since.plus(patience) => {
                let (seconds, unmet) = (patience.as_secs(), self.unmet.join(", "));
                let message = format!("waited {seconds} s for what is still not live: {unmet}");
                Outlook::GiveUp(Failure::new(Reason::DependencyNotLive, message))
            }
            Some(patience) => Outlook::Wait(again.min(self.since.plus(patience))),
            None => Outlook::Wait(again),
        }
    }
}

/// How a content may go live that is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coming {
    /// Something of it is under way that waits for no other content.
    pub unhindered: bool,
    /// Its publishes that wait for others, with those that are not live.
    pub waiting: Vec<(PublishId, Vec<String>)>,
}

impl Coming {
    /// What must go live before it can, whichever of its publishes is the first.
    fn needs(&self) -> BTreeSet<&str> {
        let mut needs = self
            .waiting
            .iter()
            .map(|(_, unmet)| unmet.iter().map(String::as_str).collect());
        let Some(first) = needs.next().filter(|_| !self.unhindered) else {
            return BTreeSet::new();
        };
        needs.fold(first, |all: BTreeSet<&str>, one| &all & &one)
    }
}

/// A search for contents that wait for each other, one of which is a publish's own. Whoever searches
/// brings what [`CycleSearch::wanted`] asks for until that is nothing.
#[derive(Debug)]
pub struct CycleSearch {
    own: String,
    known: BTreeMap<String, Coming>,
}

impl CycleSearch {
    /// A search from this content.
    #[must_use]
    pub fn from(own: &str) -> Self {
        Self {
            own: own.to_owned(),
            known: BTreeMap::new(),
        }
    }

    /// The contents to look up next; none once the search is over.
    #[must_use]
    pub fn wanted(&self) -> Vec<String> {
        let needed = self.known.values().flat_map(Coming::needs);
        let all: BTreeSet<&str> = needed.chain([&*self.own]).collect();
        if all.len() > MAX_SEARCHED {
            return Vec::new();
        }
        let unknown = all.into_iter().filter(|id| !self.known.contains_key(*id));
        unknown.map(str::to_owned).collect()
    }

    /// Takes what was found of a content.
    pub fn learn(&mut self, content_id: String, coming: Coming) {
        self.known.insert(content_id, coming);
    }

    /// The contents of a cycle, its first once more at the end, if this publish closes it: all others
    /// that wait in it are older.
    #[must_use]
    pub fn closed_by(&self, publish: PublishId) -> Option<Vec<String>> {
        let cycle = self.shortest()?;
        let waiting = cycle.iter().filter_map(|id| self.known.get(id));
        let newest = waiting.flat_map(|coming| coming.waiting.iter().map(|(id, _)| *id));
        (newest.max() == Some(publish)).then_some(cycle)
    }

    fn shortest(&self) -> Option<Vec<String>> {
        let mut seen = BTreeSet::new();
        let mut paths = VecDeque::from([vec![&*self.own]]);
        while let Some(path) = paths.pop_front() {
            let needs = path.last().and_then(|last| self.known.get(*last));
            for next in needs.map(Coming::needs).unwrap_or_default() {
                let mut longer = path.clone();
                longer.push(next);
                if next == self.own {
                    return Some(longer.into_iter().map(str::to_owned).collect());
                }
                if seen.insert(next) {
                    paths.push_back(longer);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
