//! What goes wrong inside the store, and what callers are told.
//!
//! Ensures that a full disk, a damaged file and a fault of ours are told apart in one place.

use std::fmt;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use slugline_engine::store::StoreError;

use crate::record::Unreadable;

/// What the store's own functions answer.
pub(crate) type Done<T> = Result<T, Fault>;

/// Why an operation did not work.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite said so.
    Sqlite(rusqlite::Error),
    /// A stored record does not read back.
    Unreadable(String),
    /// A file operation failed.
    File(PathBuf, std::io::Error),
    /// A fault of ours.
    Ours(String),
}

impl Fault {
    /// Whether another connection was in the way.
    pub(crate) fn is_busy(&self) -> bool {
        let code = match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        };
        matches!(
            code,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
        )
    }

    /// A file operation that failed.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::File(path, error)
    }

    /// Whether the disk is full.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code() == Some(ErrorCode::DiskFull),
            Self::File(_, error) => matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            ),
            Self::Unreadable(_) | Self::Ours(_) => false,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Unreadable> for Fault {
    fn from(what: Unreadable) -> Self {
        Self::Unreadable(what.to_string())
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
            Self::Sqlite(error) => write!(f, "{error}"),
            Self::Unreadable(why) => write!(f, "a stored record cannot be read: {why}"),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Ours(why) => f.write_str(why),
        }
    }
}

/// What to do about damaged data.
const RESTORE: &str =
    "stop the server, keep a copy of the data directory, and restore slugline.db from a backup";

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        let text = fault.to_string();
        if fault.is_full() {
            return Self::Full(format!(
                "{text}; free some space, nothing of this was stored"
            ));
        }
        match fault {
            Fault::Sqlite(error) => from_sqlite(&error, text),
            Fault::Unreadable(_) => Self::Corrupt(format!("{text}; {RESTORE}")),
            Fault::File(..) => Self::Unavailable(text),
            Fault::Ours(_) => Self::Internal(text),
        }
    }
}

fn from_sqlite(error: &rusqlite::Error, text: String) -> StoreError {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => {
            return StoreError::Corrupt(format!("{text}; {RESTORE}"));
        }
        _ => {}
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt(format!("slugline.db: {text}; {RESTORE}"))
        }
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory,
        ) => StoreError::Unavailable(format!("slugline.db: {text}")),
        _ => StoreError::Internal(text),
    }
}
