//! Rows, whichever database they come from.
//!
//! Ensures that what a column means is written down once for all stores: the words, times, digests
//! and JSON of the domain read alike, and what does not read back is an error that names its place.

use std::fmt;

use serde::de::DeserializeOwned;
use slugline_core::canonical::Fingerprint;
use slugline_core::ids::{Fence, JobId, PublishId, ReconciliationId, ReplayId, WebhookId};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use crate::words::{Waits, Word};

/// What a column holds, in the few forms that both databases have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A number, a time in microseconds, a word or a flag.
    Int(i64),
    /// Text or JSON.
    Text(String),
    /// A digest or raw bytes.
    Bytes(Vec<u8>),
}

/// A column that does not hold what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// The column's place in its row, from 0.
    pub(crate) column: usize,
    /// The type that was wanted.
    pub(crate) wanted: &'static str,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} holds no {}", self.column, self.wanted)
    }
}

impl std::error::Error for Unreadable {}

/// A row, read by the places of its columns.
pub(crate) trait Record {
    /// What the database's driver answers.
    type Error: From<Unreadable>;

    /// The column at this place, from 0.
    fn value(&self, column: usize) -> Result<Value, Self::Error>;

    /// The column as what it means.
    fn read<T: Field>(&self, column: usize) -> Result<T, Self::Error> {
        let wanted = std::any::type_name::<T>();
        T::of(self.value(column)?).ok_or_else(|| Unreadable { column, wanted }.into())
    }
}

/// What a column can mean.
pub(crate) trait Field: Sized {
    /// The meaning of a value; `None` when it has none.
    fn of(value: Value) -> Option<Self>;
}

/// Anything that is kept as JSON text.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> Field for Json<T> {
    fn of(value: Value) -> Option<Self> {
        serde_json::from_str(&String::of(value)?).ok().map(Self)
    }
}

impl<T: Field> Field for Option<T> {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::of(value).map(Some),
        }
    }
}

impl<T: Word> Field for T {
    fn of(value: Value) -> Option<Self> {
        T::of_number(i64::of(value)?)
    }
}

impl Field for i64 {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }
}

impl Field for u64 {
    fn of(value: Value) -> Option<Self> {
        Self::try_from(i64::of(value)?).ok()
    }
}

impl Field for u32 {
    fn of(value: Value) -> Option<Self> {
        Self::try_from(i64::of(value)?).ok()
    }
}

impl Field for bool {
    fn of(value: Value) -> Option<Self> {
        match i64::of(value)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Field for String {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Field for Vec<u8> {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Field for Fingerprint {
    fn of(value: Value) -> Option<Self> {
        Self::from_slice(&Vec::of(value)?)
    }
}

impl Field for Timestamp {
    fn of(value: Value) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

impl Field for PublishId {
    fn of(value: Value) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

impl Field for JobId {
    fn of(value: Value) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

impl Field for WebhookId {
    fn of(value: Value) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

impl Field for ReconciliationId {
    fn of(value: Value) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

impl Field for ReplayId {
    fn of(value: Value) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

impl Field for Generation {
    fn of(value: Value) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

impl Field for Fence {
    fn of(value: Value) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

impl Field for Waits {
    fn of(value: Value) -> Option<Self> {
        i64::of(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slugline_core::item::Class;

    struct Row(Vec<Value>);

    impl Record for Row {
        type Error = Unreadable;

        fn value(&self, column: usize) -> Result<Value, Unreadable> {
            Ok(self.0[column].clone())
        }
    }

    #[test]
    fn columns_mean_what_is_asked_of_them() {
        let row = Row(vec![Value::Int(3), Value::Null, Value::Text("[1]".into())]);
        assert_eq!(row.read::<Class>(0), Ok(Class::Bulk));
        assert_eq!(row.read::<Option<Timestamp>>(1), Ok(None));
        assert_eq!(row.read::<Json<Vec<u8>>>(2).map(|json| json.0), Ok(vec![1]));
    }

    #[test]
    fn what_does_not_read_back_is_named() {
        let row = Row(vec![Value::Int(99), Value::Null]);
        assert_eq!(row.read::<Class>(0).unwrap_err().column, 0);
        assert!(
            row.read::<String>(1)
                .unwrap_err()
                .to_string()
                .contains("String")
        );
        assert!(row.read::<bool>(0).is_err());
    }
}
