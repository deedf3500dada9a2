//! How the words of the domain lie in columns.
//!
//! Ensures that the stored number of each is written down once and never changes: files outlive
//! binaries. A number that this binary does not know is an error, never a default.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slugline_core::canonical::Fingerprint;
use slugline_core::item::{Action, Class};
use slugline_core::lane::LaneScope;
use slugline_core::lifecycle::{Evidence, JobState, PendingReason};
use slugline_core::time::Timestamp;
use slugline_core::version::VersionKind;

/// A word that is stored as its place in a list.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// The words in the order of their numbers, from 0.
    const WORDS: &'static [Self];
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

impl Word for Evidence {
    const WORDS: &'static [Self] = &[Self::ReadBack, Self::Acknowledged];
}

/// A word as a column.
pub(crate) struct Col<T>(pub(crate) T);

impl<T: Word> ToSql for Col<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let place = T::WORDS
            .iter()
            .position(|word| *word == self.0)
            .unwrap_or(usize::MAX);
        i64::try_from(place)
            .map(Into::into)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl<T: Word> FromSql for Col<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let word = usize::try_from(number)
            .ok()
            .and_then(|place| T::WORDS.get(place));
        word.copied()
            .map(Col)
            .ok_or(FromSqlError::OutOfRange(number))
    }
}

/// A time as a column: microseconds.
pub(crate) struct At(pub(crate) Timestamp);

impl ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.0.into())
    }
}

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(|micros| At(Timestamp(micros)))
    }
}

/// A digest as a column: 32 bytes.
pub(crate) struct Digest(pub(crate) Fingerprint);

impl ToSql for Digest {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(&self.0.0[..]))
    }
}

impl FromSql for Digest {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Fingerprint::from_slice(value.as_blob()?)
            .map(Digest)
            .ok_or(FromSqlError::InvalidType)
    }
}

/// Anything else as a column: JSON text.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(text.into())
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?)
            .map(Json)
            .map_err(|error| FromSqlError::Other(error.into()))
    }
}

/// What holds a publish back, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits(pub(crate) i64);

/// The reasons in the order in which they are shown, most lasting first, with their bits.
const REASONS: [(PendingReason, i64); 3] = [
    (PendingReason::Scheduled, 1),
    (PendingReason::SlugRelease, 2),
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

    fn stored<T: Word>(word: T) -> i64 {
        match Col(word).to_sql().unwrap() {
            ToSqlOutput::Owned(rusqlite::types::Value::Integer(number)) => number,
            _ => panic!("not an integer"),
        }
    }

    #[test]
    fn stored_numbers_never_change() {
        // The schema's partial indexes and every existing file rely on these.
        assert_eq!(stored(JobState::Pending), 0);
        assert_eq!(stored(JobState::Queued), 1);
        assert_eq!(stored(JobState::Delivering), 2);
        assert_eq!(stored(JobState::Failed), 4);
        assert_eq!(stored(Class::Urgent), 0);
        assert_eq!(stored(Class::Reconcile), 4);
        assert_eq!(stored(Action::Draft), 3);
        assert_eq!(stored(VersionKind::Time), 1);
        assert_eq!(stored(LaneScope::Target), 2);
    }

    #[test]
    fn a_number_from_a_newer_binary_is_refused() {
        assert!(Col::<Class>::column_result(ValueRef::Integer(99)).is_err());
        assert!(Col::<Class>::column_result(ValueRef::Integer(-1)).is_err());
    }

    #[test]
    fn the_most_lasting_reason_is_shown() {
        let waits = Waits::of(&[PendingReason::Media, PendingReason::Scheduled]);
        assert_eq!(waits.first(), Some(PendingReason::Scheduled));
        assert_eq!(
            waits.without(PendingReason::Scheduled).first(),
            Some(PendingReason::Media)
        );
        assert!(!waits.has(PendingReason::SlugRelease));
    }
}
