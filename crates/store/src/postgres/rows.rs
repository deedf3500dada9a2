//! Statements that all databases know, run by PostgreSQL.
//!
//! Ensures that what is written for all stores is one transaction with its entries in the log.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use super::fault::{Done, Fault};
use super::log;
use super::read::param;
use super::session::{BEGIN, Param, Session};
use super::write::commit;
use crate::entry::Written;
use crate::reconciling::{Plain, Rows, Writes};
use crate::record::{Record, Value};

/// A connection that is only read from.
pub(crate) struct Reading<'a>(pub(crate) &'a Session);

/// An open transaction.
pub(crate) struct Writing<'a> {
    session: &'a Session,
    entries: Mutex<Vec<Written>>,
}

impl<'a> Writing<'a> {
    /// Opens it.
    pub(crate) async fn begin(session: &'a Session) -> Done<Self> {
        session.rows(BEGIN, &[]).await?;
        let entries = Mutex::default();
        Ok(Self { session, entries })
    }

    /// Commits it with its entries.
    pub(crate) async fn commit(self) -> Done<()> {
        let entries = self.entries.into_inner();
        let entries = entries.unwrap_or_else(PoisonError::into_inner);
        let writes: Vec<_> = log::append(entries, 0)?.into_iter().collect();
        commit(self.session, &writes).await
    }
}

impl Rows for Reading<'_> {
    type Fault = Fault;

    fn rows(&self, sql: &str, values: Vec<Value>) -> impl Future<Output = Done<Vec<Plain>>> {
        rows(self.0, sql.to_owned(), values)
    }
}

impl Rows for Writing<'_> {
    type Fault = Fault;

    fn rows(&self, sql: &str, values: Vec<Value>) -> impl Future<Output = Done<Vec<Plain>>> {
        rows(self.session, sql.to_owned(), values)
    }
}

impl Writes for Writing<'_> {
    fn log(&self, entry: Written) -> Done<()> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push(entry);
        Ok(())
    }
}

async fn rows(session: &Session, sql: String, values: Vec<Value>) -> Done<Vec<Plain>> {
    let params: Vec<Param<'_>> = values.iter().map(param).collect();
    let found = session.rows(&sql, &params).await?;
    let plain = |row: &tokio_postgres::Row| {
        let values = (0..row.len()).map(|column| row.value(column));
        values.collect::<Done<_>>().map(Plain)
    };
    found.iter().map(plain).collect()
}
