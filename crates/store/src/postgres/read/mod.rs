//! What the API shows.
//!
//! Ensures that a page costs a fixed number of statements, whatever its length, and that nothing of
//! another owner is in it. What the columns mean is in `crate::views`.

pub(crate) mod content;
pub(crate) mod counts;
pub(crate) mod dead_letters;
pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod overviews;
pub(crate) mod publishes;

use tokio_postgres::Row;

use super::fault::Done;
use super::session::{Param, Session};
use crate::record::Value;
use crate::views::list::Where;

/// Runs a list's statement: what is selected, its conditions, its order, and at most `rows` rows.
pub(crate) async fn list<T>(
    session: &Session,
    (select, wanted, order): (&str, &Where, &str),
    rows: usize,
    read: impl Fn(&Row) -> Done<T>,
) -> Done<Vec<T>> {
    let limit = i64::try_from(rows).unwrap_or(i64::MAX);
    let values = wanted
        .values()
        .iter()
        .map(param)
        .chain([&limit as Param<'_>]);
    let values = values.collect::<Vec<_>>();
    let (clause, last) = (wanted.clause(), values.len());
    let sql = format!("{select} {clause} ORDER BY {order} LIMIT ${last}");
    session
        .rows(&sql, &values)
        .await?
        .iter()
        .map(read)
        .collect()
}

/// A value as a parameter.
pub(crate) fn param(value: &Value) -> Param<'_> {
    match value {
        Value::Null => &None::<i64>,
        Value::Int(number) => number,
        Value::Text(text) => text,
        Value::Bytes(bytes) => bytes,
    }
}
