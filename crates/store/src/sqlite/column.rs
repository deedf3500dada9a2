//! How the words of the domain lie in columns of SQLite. Their numbers are in `words`.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slugline_core::canonical::Fingerprint;
use slugline_core::time::Timestamp;

use crate::record::{Record, Unreadable, Value};
pub(crate) use crate::words::{Waits, Word, bit};

impl Record for Row<'_> {
    type Error = rusqlite::Error;

    fn value(&self, column: usize) -> rusqlite::Result<Value> {
        Ok(match self.get_ref(column)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Int(number),
            ValueRef::Text(text) => Value::Text(std::str::from_utf8(text)?.to_owned()),
            ValueRef::Blob(bytes) => Value::Bytes(bytes.to_owned()),
            // No column of ours holds one.
            ValueRef::Real(_) => {
                return Err(Unreadable {
                    column,
                    wanted: "value of ours",
                }
                .into());
            }
        })
    }
}

impl From<Unreadable> for rusqlite::Error {
    fn from(unreadable: Unreadable) -> Self {
        Self::FromSqlConversionFailure(unreadable.column, Type::Null, unreadable.into())
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(rusqlite::types::Value::Null),
            Self::Int(number) => (*number).into(),
            Self::Text(text) => ToSqlOutput::from(text.as_str()),
            Self::Bytes(bytes) => ToSqlOutput::from(&bytes[..]),
        })
    }
}

/// A word as a column.
pub(crate) struct Col<T>(pub(crate) T);

impl<T: Word> ToSql for Col<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.number().into())
    }
}

impl<T: Word> FromSql for Col<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        T::of_number(number)
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

#[cfg(test)]
mod tests {
    use super::*;
    use slugline_core::item::Class;

    #[test]
    fn a_number_from_a_newer_binary_is_refused() {
        assert!(Col::<Class>::column_result(ValueRef::Integer(99)).is_err());
        assert!(Col::<Class>::column_result(ValueRef::Integer(-1)).is_err());
    }
}
