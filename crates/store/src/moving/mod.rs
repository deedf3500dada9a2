//! Moving an installation from SQLite to PostgreSQL.
//!
//! Ensures that all of it arrives or nothing: jobs, keys, effects, tokens, media, and the log with its
//! chain, in one transaction, into a database that holds nothing; and that the directory is refused
//! afterwards. Which rows fill which table is in `tables`.

mod copy;
mod tables;

use std::fmt;
use std::path::Path;

use slugline_core::time::Timestamp;
use slugline_engine::store::LogCheck;

use crate::postgres::connector::Connector;
use crate::postgres::fault::Fault;
use crate::postgres::session::{BEGIN, COMMIT, Session, call};
use crate::postgres::{self, schema};
use crate::record::Record;
use crate::sqlite;
use crate::sqlite::leaving::Leaving;
use tables::TABLES;

/// What a node or a token may have left in the database.
const IS_EMPTY: &str =
    "SELECT NOT (EXISTS (TABLE item) OR EXISTS (TABLE destination) OR EXISTS (TABLE event_group)
    OR EXISTS (TABLE segment) OR EXISTS (TABLE media) OR EXISTS (TABLE token))";

const SET: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// Numbers go on where they ended.
const GO_ON: &str = "SELECT setval('item_id', 1 + coalesce((SELECT max(id) FROM item), 0), FALSE),
    setval('publish_id', 1 + coalesce((SELECT max(id) FROM publish), 0), FALSE),
    setval('job_id', 1 + coalesce((SELECT max(id) FROM job), 0), FALSE),
    setval(pg_get_serial_sequence('destination', 'id'), 1 + coalesce((SELECT max(id) FROM destination), 0), FALSE),
    setval(pg_get_serial_sequence('event_group', 'id'), 1 + coalesce((SELECT max(id) FROM event_group), 0), FALSE),
    setval(pg_get_serial_sequence('pause', 'id'), 1 + coalesce((SELECT max(id) FROM pause), 0), FALSE),
    setval(pg_get_serial_sequence('webhook', 'id'), 1 + coalesce((SELECT max(id) FROM webhook), 0), FALSE),
    setval(pg_get_serial_sequence('reconciliation', 'id'), 1 + coalesce((SELECT max(id) FROM reconciliation), 0), FALSE),
    setval(pg_get_serial_sequence('replay', 'id'), 1 + coalesce((SELECT max(id) FROM replay), 0), FALSE)";

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Rows by table, in the order in which they went.
    pub rows: Vec<(&'static str, u64)>,
    /// The check of the log where it is now.
    pub log: LogCheck,
}

/// Why nothing was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveError {
    /// The data directory cannot be used.
    From(sqlite::OpenError),
    /// The database cannot be used.
    To(postgres::OpenError),
    /// The database holds something already.
    NotEmpty,
    /// A row does not fit.
    Row {
        /// Which table.
        table: &'static str,
        /// Which row of it, from 0.
        row: u64,
        /// What does not fit.
        why: String,
    },
}

impl fmt::Display for MoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(why) => write!(f, "{why}; nothing was moved"),
            Self::To(why) => write!(f, "{why}; nothing was moved"),
            Self::NotEmpty => f.write_str(
                "the database holds data already; name an empty one (createdb NAME makes one); nothing was moved",
            ),
            Self::Row { table, row, why } => {
                write!(f, "{table}, row {row}: {why}; nothing was moved")
            }
        }
    }
}

impl std::error::Error for MoveError {}

impl From<sqlite::OpenError> for MoveError {
    fn from(why: sqlite::OpenError) -> Self {
        Self::From(why)
    }
}

impl From<sqlite::Fault> for MoveError {
    fn from(fault: sqlite::Fault) -> Self {
        Self::From(fault.into())
    }
}

impl From<rusqlite::Error> for MoveError {
    fn from(error: rusqlite::Error) -> Self {
        Self::From(error.into())
    }
}

impl From<postgres::OpenError> for MoveError {
    fn from(why: postgres::OpenError) -> Self {
        Self::To(why)
    }
}

impl From<Fault> for MoveError {
    fn from(fault: Fault) -> Self {
        Self::To(fault.into())
    }
}

impl From<tokio_postgres::Error> for MoveError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::To(Fault::from(error).into())
    }
}

/// Moves all that a data directory holds into an empty database. `now`: when its leases end. `told`
/// hears of each table with the rows that went so far. Needs a Tokio runtime.
pub async fn to_postgres(
    directory: &Path,
    url: &str,
    now: Timestamp,
    told: &mut dyn FnMut(&str, u64),
) -> Result<Moved, MoveError> {
    let from = Leaving::open(directory, now)?;
    let to = Connector::new(url)?.session().await?;
    schema::migrate(&to).await?;
    let rows = all_tables(&from, &to, told).await?;
    from.mark(now)?;
    to.script("ANALYZE").await?;
    let log = postgres::verify_log(url).await?;
    Ok(Moved { rows, log })
}

/// Copies in one transaction, under the lock that a node takes before it looks at the schema: none
/// starts on half of the data.
async fn all_tables(
    from: &Leaving,
    to: &Session,
    told: &mut dyn FnMut(&str, u64),
) -> Result<Vec<(&'static str, u64)>, MoveError> {
    let [.., empty] = to
        .each([
            call(BEGIN, &[]),
            call(schema::LOCK, &[]),
            call(IS_EMPTY, &[]),
        ])
        .await?;
    let empty = empty.first().map(|row| row.read::<bool>(0)).transpose()?;
    if empty != Some(true) {
        return Err(MoveError::NotEmpty);
    }
    let mut rows = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let copied = copy::copy(from, to, table, told).await?;
        told(table.name, copied);
        rows.push((table.name, copied));
    }
    let (installation, open_jobs) = (from.installation()?, from.open_jobs()?.to_string());
    to.each([
        call(SET, &[&"installation", &installation]),
        call(SET, &[&"open_jobs", &open_jobs]),
        call(GO_ON, &[]),
        call(COMMIT, &[]),
    ])
    .await?;
    Ok(rows)
}
