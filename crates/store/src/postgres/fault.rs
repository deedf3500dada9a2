//! What goes wrong between the store and its database, and what callers are told.
//!
//! Ensures that a lost connection, a full disk, damage, a conflict that trying again resolves, and a
//! fault of ours are told apart in one place.

use std::fmt;

use slugline_engine::store::StoreError;
use tokio_postgres::error::SqlState;

use crate::record::Unreadable;

/// What the store's own functions answer.
pub(crate) type Done<T> = Result<T, Fault>;

/// Why an operation did not work.
#[derive(Debug)]
pub(crate) enum Fault {
    /// PostgreSQL said so, or the connection to it failed.
    Postgres(tokio_postgres::Error),
    /// A stored record does not read back.
    Unreadable(String),
    /// The database cannot be used by this binary; the text says what to do.
    Unusable(String),
    /// A fault of ours.
    Ours(String),
}

impl Fault {
    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            _ => None,
        }
    }

    /// Whether another transaction was in the way, and the same may work now: two claims of a key or
    /// slug in the same moment, or a deadlock.
    pub(crate) fn is_conflict(&self) -> bool {
        let conflicts = [
            SqlState::UNIQUE_VIOLATION,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
        ];
        self.code().is_some_and(|code| conflicts.contains(code))
    }

    /// Whether it would befall any order: then neighbours are not to be tried one by one.
    pub(crate) fn befalls_all(&self) -> bool {
        match self {
            Self::Postgres(error) => {
                error.code().is_none() || is_full(error) || is_unavailable(error)
            }
            Self::Unusable(_) => true,
            Self::Unreadable(_) | Self::Ours(_) => false,
        }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<Unreadable> for Fault {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable.to_string())
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(error) => f.write_str(&said(error)),
            Self::Unreadable(why) => write!(f, "a stored record cannot be read: {why}"),
            Self::Unusable(why) | Self::Ours(why) => f.write_str(why),
        }
    }
}

/// What the server said, or what the connection died of: the driver's own text names neither.
pub(crate) fn said(error: &tokio_postgres::Error) -> String {
    if let Some(refused) = error.as_db_error() {
        return format!("{} ({})", refused.message(), refused.code().code());
    }
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn is_full(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::DISK_FULL)
}

/// Lost connections, a server that starts or stops, one that only reads, and limits of its own.
fn is_unavailable(error: &tokio_postgres::Error) -> bool {
    const CLASSES: [&str; 4] = ["08", "53", "57", "58"];
    let Some(code) = error.code() else {
        return error.is_closed() || error.as_db_error().is_none();
    };
    code == &SqlState::READ_ONLY_SQL_TRANSACTION
        || code == &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        || CLASSES.iter().any(|class| code.code().starts_with(class))
}

/// What to do about damaged data.
const RESTORE: &str = "stop all nodes and restore the database from a backup";

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        let text = format!("PostgreSQL: {fault}");
        match fault {
            Fault::Postgres(error) if is_full(&error) => Self::Full(format!(
                "{text}; free some space, nothing of this was stored"
            )),
            Fault::Postgres(error) if is_unavailable(&error) => Self::Unavailable(text),
            Fault::Postgres(error)
                if error.code() == Some(&SqlState::DATA_CORRUPTED)
                    || error.code() == Some(&SqlState::INDEX_CORRUPTED) =>
            {
                Self::Corrupt(format!("{text}; {RESTORE}"))
            }
            Fault::Unreadable(_) => Self::Corrupt(format!("{text}; {RESTORE}")),
            Fault::Unusable(why) => Self::Unavailable(why),
            Fault::Postgres(_) | Fault::Ours(_) => Self::Internal(text),
        }
    }
}
