//! Copying a table's rows.
//!
//! Ensures that rows go over in one stream, as bytes and not as text, so that what is read back is
//! what was written; and that a value which does not fit is an error that names its table.

use std::pin::pin;

use slugline_core::canonical::hex;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::MoveError;
use super::tables::{Kind, Table};
use crate::postgres::session::Session;
use crate::record::{Record, Value};
use crate::sqlite::leaving::Leaving;

/// Rows between two words of progress.
const STRIDE: u64 = 10_000;

/// Copies all rows of a table; how many. `told` hears the number of rows now and then.
pub(crate) async fn copy(
    from: &Leaving,
    to: &Session,
    table: &Table,
    told: &mut dyn FnMut(&str, u64),
) -> Result<u64, MoveError> {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let types: Vec<Type> = table
        .columns
        .iter()
        .map(|(_, kind)| kind.stored())
        .collect();
    let sql = format!(
        "COPY {} ({}) FROM STDIN BINARY",
        table.name,
        names.join(", ")
    );
    let mut writer = pin!(BinaryCopyInWriter::new(to.fill(&sql).await?, &types));
    let mut statement = from.connection.prepare(table.rows)?;
    let mut rows = statement.query([])?;
    let mut copied = 0;
    while let Some(row) = rows.next()? {
        let misfit = |why| MoveError::Row {
            table: table.name,
            row: copied,
            why,
        };
        let mut values = Vec::with_capacity(types.len());
        for (place, (_, kind)) in table.columns.iter().enumerate() {
            values.push(kind.fit(row.value(place)?, from).map_err(misfit)?);
        }
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
        writer.as_mut().write(&values).await?;
        copied += 1;
        if copied % STRIDE == 0 {
            told(table.name, copied);
        }
    }
    Ok(writer.finish().await?)
}

type Stored = Box<dyn ToSql + Sync + Send>;

impl Kind {
    fn stored(self) -> Type {
        match self {
            Self::Big => Type::INT8,
            Self::Int => Type::INT4,
            Self::Small => Type::INT2,
            Self::Flag => Type::BOOL,
            Self::Text => Type::TEXT,
            Self::Bytes | Self::File => Type::BYTEA,
        }
    }

    /// The value as it is stored, or what is wrong with it.
    fn fit(self, value: Value, from: &Leaving) -> Result<Stored, String> {
        Ok(match (self, value) {
            (Self::Big, Value::Int(number)) => Box::new(number),
            (Self::Int, Value::Int(number)) => Box::new(i32::try_from(number).map_err(too_large)?),
            (Self::Small, Value::Int(number)) => {
                Box::new(i16::try_from(number).map_err(too_large)?)
            }
            (Self::Flag, Value::Int(number)) => Box::new(number != 0),
            (Self::Text, Value::Text(text)) if text.contains('\0') => {
                return Err("PostgreSQL keeps no text with a NUL character".into());
            }
            (Self::Text, Value::Text(text)) => Box::new(text),
            (Self::Bytes, Value::Bytes(bytes)) => Box::new(bytes),
            (Self::File, Value::Bytes(sha256)) => {
                let bytes = from.medium(&hex(&sha256)).map_err(|why| why.to_string())?;
                Box::new(bytes.to_vec())
            }
            (kind, Value::Null) => kind.nothing(),
            (kind, value) => return Err(format!("{value:?} is no {kind:?}")),
        })
    }

    fn nothing(self) -> Stored {
        match self {
            Self::Big => Box::new(None::<i64>),
            Self::Int => Box::new(None::<i32>),
            Self::Small => Box::new(None::<i16>),
            Self::Flag => Box::new(None::<bool>),
            Self::Text => Box::new(None::<String>),
            Self::Bytes | Self::File => Box::new(None::<Vec<u8>>),
        }
    }
}

fn too_large(error: std::num::TryFromIntError) -> String {
    error.to_string()
}
