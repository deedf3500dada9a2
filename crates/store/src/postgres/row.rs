//! Rows of PostgreSQL as records.
//!
//! Ensures that each type of column that the schema uses is read as what `record` knows, and any
//! other is an error that names its place.

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::fault::{Done, Fault};
use crate::record::{Record, Value};

impl Record for Row {
    type Error = Fault;

    fn value(&self, column: usize) -> Done<Value> {
        let kind = self
            .columns()
            .get(column)
            .map(tokio_postgres::Column::type_);
        match kind {
            Some(&Type::INT8) => self.field(column, Value::Int),
            Some(&Type::INT4) => self.field::<i32>(column, |number| Value::Int(number.into())),
            Some(&Type::INT2) => self.field::<i16>(column, |number| Value::Int(number.into())),
            Some(&Type::BOOL) => self.field::<bool>(column, |flag| Value::Int(flag.into())),
            Some(&Type::TEXT) => self.field(column, Value::Text),
            Some(&Type::BYTEA) => self.field(column, Value::Bytes),
            other => Err(Fault::Unreadable(format!("column {column} is {other:?}"))),
        }
    }
}

/// A column of a known type; nothing is [`Value::Null`].
trait Fielded {
    fn field<'a, T: FromSql<'a>>(&'a self, column: usize, of: fn(T) -> Value) -> Done<Value>;
}

impl Fielded for Row {
    fn field<'a, T: FromSql<'a>>(&'a self, column: usize, of: fn(T) -> Value) -> Done<Value> {
        Ok(self
            .try_get::<_, Option<T>>(column)?
            .map_or(Value::Null, of))
    }
}
