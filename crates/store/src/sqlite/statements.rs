//! Running cached statements.
//!
//! Ensures that every statement is prepared once per connection, whoever runs it.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::fault::Done;

/// What both the writer and the readers do with a connection.
pub(crate) trait Statements {
    /// Runs a statement that changes rows; how many it changed.
    fn run(&self, sql: &str, params: impl Params) -> Done<usize>;

    /// The first row, if there is one.
    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Done<Option<T>>;

    /// All rows.
    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Done<Vec<T>>;
}

impl Statements for Connection {
    fn run(&self, sql: &str, params: impl Params) -> Done<usize> {
        Ok(self.prepare_cached(sql)?.execute(params)?)
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Done<Option<T>> {
        Ok(self
            .prepare_cached(sql)?
            .query_row(params, read)
            .optional()?)
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Done<Vec<T>> {
        let mut statement = self.prepare_cached(sql)?;
        let rows = statement
            .query_map(params, read)?
            .collect::<rusqlite::Result<Vec<T>>>()?;
        Ok(rows)
    }
}
