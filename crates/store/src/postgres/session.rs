//! One connection, and the statements that it has prepared.
//!
//! Ensures that every statement is prepared once per connection, that calls that do not need each
//! other's answers share a round trip, and that nobody takes a statement's answer for success when
//! one before it in the transaction has failed. Does not reconnect: that is the `connector`'s.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, CopyInSink, Row, Statement};

use super::fault::{Done, Fault};

/// Opens a transaction whose statements each see what was committed before them.
pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// Opens a transaction that only reads, all of it from one moment.
pub(crate) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Makes a transaction durable. Answers success also after a failed statement, so it counts only
/// together with those before it.
pub(crate) const COMMIT: &str = "COMMIT";

/// A value for a statement.
pub(crate) type Param<'a> = &'a (dyn ToSql + Sync);

/// A statement with its values.
pub(crate) struct Call<'a> {
    sql: &'a str,
    params: &'a [Param<'a>],
}

/// A statement with its values.
pub(crate) fn call<'a>(sql: &'a str, params: &'a [Param<'a>]) -> Call<'a> {
    Call { sql, params }
}

/// How often a connection is used before its statements are planned anew for the first time.
const FIRST_PLANS: u64 = 32;

/// An open connection.
pub(crate) struct Session {
    client: Client,
    statements: Mutex<HashMap<String, Statement>>,
    in_transaction: AtomicBool,
    used: AtomicU64,
}

impl Session {
    /// Takes a connection over; its other half is being driven already.
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            statements: Mutex::default(),
            in_transaction: AtomicBool::new(false),
            used: AtomicU64::new(0),
        }
    }

    /// To be called before each use, outside a transaction. Plans are thrown away whenever the
    /// connection was used twice as often as before: one that was made while a table had ten rows may
    /// walk all of it, and the server's own statistics come a minute late.
    pub(crate) async fn begin_use(&self) -> Done<()> {
        let used = self.used.fetch_add(1, Ordering::Relaxed) + 1;
        if used >= FIRST_PLANS && used.is_power_of_two() {
            self.script("DISCARD PLANS").await?;
        }
        Ok(())
    }

    /// Whether the connection is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Sends all calls at once and waits for all answers. The first failure is the answer of all:
    /// those after it in a transaction only say that it has failed.
    pub(crate) async fn all(&self, calls: Vec<Call<'_>>) -> Done<Vec<Vec<Row>>> {
        let mut prepared = Vec::with_capacity(calls.len());
        for call in &calls {
            prepared.push(self.prepared(call.sql).await?);
        }
        for call in &calls {
            self.note(call.sql);
        }
        // Polled in order, so sent in order.
        let sent = calls
            .iter()
            .zip(&prepared)
            .map(|(call, statement)| self.client.query(statement, call.params));
        let answers = join_all(sent).await;
        Ok(answers.into_iter().collect::<Result<_, _>>()?)
    }

    /// The same for a number of calls that is known.
    pub(crate) async fn each<const N: usize>(&self, calls: [Call<'_>; N]) -> Done<[Vec<Row>; N]> {
        let answers = self.all(calls.into_iter().collect()).await?;
        answers
            .try_into()
            .map_err(|_| Fault::Ours("a call has no answer".into()))
    }

    /// The rows of one statement.
    pub(crate) async fn rows(&self, sql: &str, params: &[Param<'_>]) -> Done<Vec<Row>> {
        let [rows] = self.each([call(sql, params)]).await?;
        Ok(rows)
    }

    /// The first row of one statement, if there is one.
    pub(crate) async fn one(&self, sql: &str, params: &[Param<'_>]) -> Done<Option<Row>> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    /// Runs statements that have no values, one after the other, unprepared.
    pub(crate) async fn script(&self, sql: &str) -> Done<()> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Opens the stream that fills a table.
    pub(crate) async fn fill(&self, sql: &str) -> Done<CopyInSink<Bytes>> {
        Ok(self.client.copy_in(sql).await?)
    }

    /// Ends a transaction that was left open, so that nothing of it is kept and no lock stays.
    pub(crate) async fn roll_back(&self) {
        if !self.in_transaction.swap(false, Ordering::Relaxed) || self.is_closed() {
            return;
        }
        if let Err(error) = self.client.batch_execute("ROLLBACK").await {
            tracing::warn!(%error, "rolling back failed; the connection is given up");
        }
    }

    async fn prepared(&self, sql: &str) -> Done<Statement> {
        if let Some(statement) = self.known(sql) {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn known(&self, sql: &str) -> Option<Statement> {
        let statements = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        statements.get(sql).cloned()
    }

    fn note(&self, sql: &str) {
        let opens = sql == BEGIN || sql == SNAPSHOT;
        if opens || sql == COMMIT {
            self.in_transaction.store(opens, Ordering::Relaxed);
        }
    }
}
