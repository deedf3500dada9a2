//! Statements that all databases know, run by SQLite.
//!
//! Ensures that what is written for all stores is done within the order or the read that asks for it:
//! nothing of it waits.

use std::future::{Future, ready};

use futures_util::FutureExt;
use rusqlite::{Connection, params_from_iter};

use super::fault::{Done, Fault};
use super::log;
use super::tx::Tx;
use crate::entry::Written;
use crate::reconciling::{Plain, Rows, Writes};
use crate::record::{Record, Value};

/// A connection that is only read from.
pub(crate) struct Reading<'a>(pub(crate) &'a Connection);

/// The writer's transaction.
pub(crate) struct Writing<'a>(pub(crate) &'a Tx<'a>);

impl Rows for Reading<'_> {
    type Fault = Fault;

    fn rows(&self, sql: &str, values: Vec<Value>) -> impl Future<Output = Done<Vec<Plain>>> {
        ready(rows(self.0, sql, &values))
    }
}

impl Rows for Writing<'_> {
    type Fault = Fault;

    fn rows(&self, sql: &str, values: Vec<Value>) -> impl Future<Output = Done<Vec<Plain>>> {
        ready(rows(self.0, sql, &values))
    }
}

impl Writes for Writing<'_> {
    fn log(&self, entry: Written) -> Done<()> {
        log::write(self.0, entry)
    }
}

fn rows(connection: &Connection, sql: &str, values: &[Value]) -> Done<Vec<Plain>> {
    // SQLite would number `$1` by first appearance.
    let mut statement = connection.prepare_cached(&sql.replace('$', "?"))?;
    let columns = statement.column_count();
    let mut found = statement.query(params_from_iter(values))?;
    let mut plain = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..columns).map(|column| Record::value(row, column));
        plain.push(Plain(values.collect::<rusqlite::Result<_>>()?));
    }
    Ok(plain)
}

/// What never waits is done at once.
pub(crate) fn at_once<T>(work: impl Future<Output = Done<T>>) -> Done<T> {
    let waits = || Err(Fault::Ours("a statement of SQLite waits".into()));
    work.now_or_never().unwrap_or_else(waits)
}
