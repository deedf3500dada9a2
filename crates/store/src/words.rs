//! The numbers under which the words of the domain are stored.
//!
//! Ensures that the stored number of each is written down once, for every store, and never changes:
//! data outlive binaries. A number that this binary does not know is refused, never a default.

use slugline_core::drift::Drift;
use slugline_core::item::{Action, Class};
use slugline_core::lane::LaneScope;
use slugline_core::lifecycle::{Evidence, JobState, PendingReason};
use slugline_core::pause::PauseKind;
use slugline_core::replay::Relevance;
use slugline_core::version::VersionKind;
use slugline_engine::store::{NoteKind, ReconciliationState, ReplayState, WebhookState};

/// A word that is stored as its place in a list.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// The words in the order of their numbers, from 0.
    const WORDS: &'static [Self];

    /// Its number.
    fn number(self) -> i64 {
        let place = Self::WORDS.iter().position(|word| *word == self);
        place
            .and_then(|place| i64::try_from(place).ok())
            .unwrap_or(-1)
    }

    /// The word of a number.
    fn of_number(number: i64) -> Option<Self> {
        usize::try_from(number)
            .ok()
            .and_then(|place| Self::WORDS.get(place))
            .copied()
    }
}

impl Word for JobState {
    const WORDS: &'static [Self] = &Self::ALL;
}

impl Word for Class {
    const WORDS: &'static [Self] = &Self::ALL;
}

impl Word for Action {
    const WORDS: &'static [Self] = &[Self::Publish, Self::Unpublish, Self::Delete, Self::Draft];
}

impl Word for LaneScope {
    const WORDS: &'static [Self] = &[Self::ItemLocale, Self::Item, Self::Target];
}

impl Word for VersionKind {
    const WORDS: &'static [Self] = &[Self::Number, Self::Time];
}

impl Word for WebhookState {
    const WORDS: &'static [Self] = &[Self::Received, Self::Done, Self::Ignored, Self::Failed];
}

impl Word for NoteKind {
    const WORDS: &'static [Self] = &[Self::Note, Self::Escalation, Self::Reason];
}

impl Word for PauseKind {
    const WORDS: &'static [Self] = &Self::ALL;
}

impl Word for Evidence {
    const WORDS: &'static [Self] = &[Self::ReadBack, Self::Acknowledged];
}

impl Word for ReconciliationState {
    const WORDS: &'static [Self] = &[Self::Running, Self::Done, Self::Stopped, Self::Aborted];
}

impl Word for ReplayState {
    const WORDS: &'static [Self] = &[Self::Running, Self::Done, Self::Aborted];
}

impl Word for Relevance {
    const WORDS: &'static [Self] = &Self::ALL;
}

impl Word for Drift {
    const WORDS: &'static [Self] = &[Self::Missing, Self::Stale, Self::Extra, Self::Diverged];
}

/// What holds a publish back, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits(pub(crate) i64);

/// The reasons in the order in which they are shown, with their bits: a slug and a dependency first,
/// since they may take a person, and a time passes by itself.
const REASONS: [(PendingReason, i64); 4] = [
    (PendingReason::SlugRelease, 2),
    (PendingReason::Dependency, 8),
    (PendingReason::Scheduled, 1),
    (PendingReason::Media, 4),
];

impl Waits {
    /// All of these.
    pub(crate) fn of(reasons: &[PendingReason]) -> Self {
        Self(reasons.iter().fold(0, |bits, reason| bits | bit(*reason)))
    }

    /// Whether this reason is among them.
    pub(crate) fn has(self, reason: PendingReason) -> bool {
        self.0 & bit(reason) != 0
    }

    /// This one too.
    pub(crate) fn with(self, reason: PendingReason) -> Self {
        Self(self.0 | bit(reason))
    }

    /// All but this one.
    pub(crate) fn without(self, reason: PendingReason) -> Self {
        Self(self.0 & !bit(reason))
    }

    /// The one that is shown; `None` when nothing holds it back.
    pub(crate) fn first(self) -> Option<PendingReason> {
        REASONS
            .into_iter()
            .find(|(_, bit)| self.0 & bit != 0)
            .map(|(reason, _)| reason)
    }
}

/// The bit of a reason.
pub(crate) fn bit(reason: PendingReason) -> i64 {
    REASONS
        .iter()
        .find(|(known, _)| *known == reason)
        .map_or(0, |(_, bit)| *bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_never_change() {
        // The schemas' partial indexes and all existing data rely on these.
        assert_eq!(JobState::Pending.number(), 0);
        assert_eq!(JobState::Queued.number(), 1);
        assert_eq!(JobState::Delivering.number(), 2);
        assert_eq!(JobState::Failed.number(), 4);
        assert_eq!(Class::Urgent.number(), 0);
        assert_eq!(Class::Reconcile.number(), 4);
        assert_eq!(Action::Draft.number(), 3);
        assert_eq!(VersionKind::Time.number(), 1);
        assert_eq!(LaneScope::Target.number(), 2);
        assert_eq!(WebhookState::Received.number(), 0);
        assert_eq!(WebhookState::Failed.number(), 3);
        assert_eq!(Drift::Diverged.number(), 3);
        assert_eq!(ReplayState::Aborted.number(), 2, "as statements spell it");
        assert_eq!(Relevance::NoDestination.number(), 8);
        assert_eq!(PauseKind::Content.number(), 3, "as statements spell it");
    }

    #[test]
    fn a_number_is_read_back_or_refused() {
        assert_eq!(Class::of_number(Class::Bulk.number()), Some(Class::Bulk));
        assert_eq!(Class::of_number(99), None);
        assert_eq!(Class::of_number(-1), None);
    }

    #[test]
    fn the_reason_that_may_take_a_person_is_shown() {
        let waits = Waits::of(&[PendingReason::Scheduled, PendingReason::SlugRelease]);
        assert_eq!(waits.first(), Some(PendingReason::SlugRelease));
        let waits = Waits::of(&[PendingReason::Media, PendingReason::Scheduled]);
        assert_eq!(waits.first(), Some(PendingReason::Scheduled));
        assert_eq!(
            waits.without(PendingReason::Scheduled).first(),
            Some(PendingReason::Media)
        );
        assert!(!waits.has(PendingReason::SlugRelease));
        assert_eq!(bit(PendingReason::Dependency), 8, "as statements spell it");
    }
}
