//! The schema and its versions.
//!
//! Ensures that a file is brought to this binary's schema in one transaction per step, and that a
//! file of a newer binary is refused instead of misread.

use rusqlite::{Connection, TransactionBehavior};
use slugline_core::canonical::hex;

use super::OpenError;
use super::statements::Statements;

/// The steps, oldest first; step N brings `user_version` from N − 1 to N. Never edited once released.
const STEPS: &[&str] = &[include_str!("schema/1.sql")];

/// Brings the file to the newest schema.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let found = version(connection)?;
    for (number, step) in (1..).zip(STEPS).skip_while(|(number, _)| *number <= found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The file's schema version; an error when it is newer than this binary's.
pub(crate) fn version(connection: &Connection) -> Result<i64, OpenError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        Err(OpenError::Newer { found, known })
    } else {
        Ok(found)
    }
}

/// The installation's id, made from `seed` when there is none yet.
pub(crate) fn installation(connection: &Connection, seed: [u8; 16]) -> Result<String, OpenError> {
    connection.run(
        "INSERT OR IGNORE INTO meta (name, value) VALUES ('installation', ?1)",
        [hex(&seed)],
    )?;
    let kept = connection.one(
        "SELECT value FROM meta WHERE name = 'installation'",
        [],
        |row| row.get(0),
    )?;
    kept.ok_or_else(|| OpenError::Damaged("the installation's id is missing".into()))
}

/// How SQLite finds the rows of a statement: one line per step. For tests of what must not walk.
#[cfg(test)]
pub(crate) fn plan(sql: &str) -> String {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection).unwrap();
    let parameters = connection.prepare(sql).unwrap().parameter_count();
    let values = rusqlite::params_from_iter(std::iter::repeat_n(0, parameters));
    let steps = connection.all(&format!("EXPLAIN QUERY PLAN {sql}"), values, |row| {
        row.get::<_, String>(3)
    });
    steps.unwrap().join("\n")
}
