//! The schema and its versions.
//!
//! Ensures that a database is brought to this binary's schema one step at a time, by one node at a
//! time, and that a database of a newer binary is refused instead of misread.

use slugline_core::canonical::hex;

use super::OpenError;
use super::fault::{Done, Fault};
use super::session::{BEGIN, COMMIT, Session, call};
use crate::record::Record;

/// The steps, oldest first; step N brings the schema from N − 1 to N. Never edited once released.
const STEPS: &[&str] = &[include_str!("schema/1.sql")];

/// Held while the schema is looked at and changed: a number that is nobody else's.
const LOCK: &str = "SELECT pg_advisory_xact_lock(x'736c75676c696e65'::bigint)";

/// Brings the database to the newest schema.
pub(crate) async fn migrate(session: &Session) -> Result<(), OpenError> {
    session.each([call(BEGIN, &[]), call(LOCK, &[])]).await?;
    let found = version(session).await?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for (number, step) in (1_i64..)
        .zip(STEPS)
        .skip_while(|(number, _)| *number <= found)
    {
        session.script(step).await?;
        let sql = "INSERT INTO meta (name, value) VALUES ('schema', $1)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        session.rows(sql, &[&number.to_string()]).await?;
    }
    session.rows(COMMIT, &[]).await?;
    if found < known {
        // Plans are made by what the tables hold; these are new.
        session.script("ANALYZE").await?;
    }
    Ok(())
}

/// The database's schema version; 0 when it is empty.
async fn version(session: &Session) -> Done<i64> {
    if session
        .one("SELECT 1 WHERE to_regclass('meta') IS NOT NULL", &[])
        .await?
        .is_none()
    {
        return Ok(0);
    }
    let found = session
        .one("SELECT value FROM meta WHERE name = 'schema'", &[])
        .await?;
    let value = found.map(|row| row.read::<String>(0)).transpose()?;
    value.map_or(Ok(0), |value| {
        value
            .parse()
            .map_err(|_| Fault::Unreadable(format!("the schema's version reads {value:?}")))
    })
}

/// The installation's id, made from `seed` when there is none yet.
pub(crate) async fn installation(session: &Session, seed: [u8; 16]) -> Result<String, OpenError> {
    let sql =
        "INSERT INTO meta (name, value) VALUES ('installation', $1) ON CONFLICT (name) DO NOTHING";
    session.rows(sql, &[&hex(&seed)]).await?;
    let sql = "SELECT value FROM meta WHERE name = 'installation'";
    match session.one(sql, &[]).await? {
        Some(row) => Ok(row.read(0)?),
        None => Err(OpenError::Damaged(
            "the installation's id is missing".into(),
        )),
    }
}
