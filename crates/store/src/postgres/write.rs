//! Statements that write many rows at once, with their columns.
//!
//! Ensures that all writes of a transaction are sent together with its COMMIT, in one round trip.

use tokio_postgres::types::ToSql;

use super::fault::Done;
use super::session::{COMMIT, Call, Param, Session, call};

/// A statement with the columns that its rows are unnested from.
pub(crate) struct Write<'a> {
    sql: &'static str,
    columns: Vec<Column<'a>>,
}

/// Values for a statement: one, or one of each row.
pub(crate) type Column<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// A statement with its columns.
pub(crate) fn write<'a>(sql: &'static str, columns: Vec<Column<'a>>) -> Write<'a> {
    Write { sql, columns }
}

/// Columns for a [`write`], from what [`ToSql`] knows.
macro_rules! columns {
    ($($column:expr),* $(,)?) => { vec![$(Box::new($column) as $crate::postgres::write::Column<'_>),*] };
}
pub(crate) use columns;

/// Sends all of it, then COMMIT; durable when it returns.
pub(crate) async fn commit(session: &Session, writes: &[Write<'_>]) -> Done<()> {
    send_with(session, writes, Some(call(COMMIT, &[]))).await
}

/// Sends all of it; the transaction stays open.
pub(crate) async fn send(session: &Session, writes: &[Write<'_>]) -> Done<()> {
    send_with(session, writes, None).await
}

async fn send_with(session: &Session, writes: &[Write<'_>], last: Option<Call<'_>>) -> Done<()> {
    let params: Vec<Vec<Param<'_>>> = writes
        .iter()
        .map(|write| {
            write
                .columns
                .iter()
                .map(|column| &**column as Param<'_>)
                .collect()
        })
        .collect();
    let calls = writes
        .iter()
        .zip(&params)
        .map(|(write, params)| call(write.sql, params));
    let calls: Vec<Call<'_>> = calls.chain(last).collect();
    session.all(calls).await.map(drop)
}
