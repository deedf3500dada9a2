//! The schema and its versions.
//!
//! Ensures that a database is brought to this binary's schema one step at a time, by one node at a
//! time, while others go on: a step only adds, unless it says which binaries it leaves behind. A
//! binary that cannot work with what it finds is refused instead of misreading it.

use slugline_core::canonical::hex;

use super::OpenError;
use super::fault::{Done, Fault};
use super::session::{BEGIN, COMMIT, Session, call};
use crate::record::Record;

/// What brings the schema from one version to the next. Never edited once released.
struct Step {
    /// What it does. It holds its locks until it ends, so it adds and does not rewrite.
    sql: &'static str,
    /// The oldest version that a binary may have been made for to work with the schema after it.
    serves: i64,
}

/// The steps, oldest first; step N brings the schema from N − 1 to N.
const STEPS: &[Step] = &[Step {
    sql: include_str!("schema/1.sql"),
    serves: 1,
}];

/// Held while the schema is looked at and changed: a number that is nobody else's.
pub(crate) const LOCK: &str = "SELECT pg_advisory_xact_lock(x'736c75676c696e65'::bigint)";

/// How long a step waits for running statements. Longer, and all others would wait behind it.
const PATIENCE: &str = "SET LOCAL lock_timeout = '3s'";

/// The versions that a database went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was found; 0 for an empty database.
    pub from: i64,
    /// The version that it has now.
    pub to: i64,
}

/// Brings the database to the newest schema.
pub(crate) async fn migrate(session: &Session) -> Result<Migrated, OpenError> {
    take(session, STEPS).await
}

async fn take(session: &Session, steps: &[Step]) -> Result<Migrated, OpenError> {
    session
        .each([call(BEGIN, &[]), call(PATIENCE, &[]), call(LOCK, &[])])
        .await?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let (from, serves) = versions(session).await?;
    if serves > known {
        return Err(OpenError::Newer { found: from, known });
    }
    for (number, step) in (1_i64..)
        .zip(steps)
        .skip_while(|(number, _)| *number <= from)
    {
        session.script(step.sql).await?;
        let sql = "INSERT INTO meta (name, value) VALUES ('schema', $1), ('schema_serves', $2)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        session
            .rows(sql, &[&number.to_string(), &step.serves.to_string()])
            .await?;
    }
    session.rows(COMMIT, &[]).await?;
    // Not analysed: of a table that was never counted the planner assumes more than of an empty one.
    Ok(Migrated {
        from,
        to: from.max(known),
    })
}

/// Whether this binary can read the database as it is; an empty one has nothing to read.
pub(crate) async fn check(session: &Session) -> Result<(), OpenError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    match versions(session).await? {
        (found, serves) if serves > known => Err(OpenError::Newer { found, known }),
        (0, _) => Err(OpenError::Unavailable(
            "it holds nothing yet; fill it with `slugline migrate`".into(),
        )),
        _ => Ok(()),
    }
}

/// The database's schema version, and the oldest that it serves; 0 when it is empty.
async fn versions(session: &Session) -> Done<(i64, i64)> {
    let is_there = "SELECT 1 WHERE to_regclass('meta') IS NOT NULL";
    if session.one(is_there, &[]).await?.is_none() {
        return Ok((0, 0));
    }
    Ok((
        number(session, "schema").await?,
        number(session, "schema_serves").await?,
    ))
}

async fn number(session: &Session, name: &str) -> Done<i64> {
    let found = session
        .one("SELECT value FROM meta WHERE name = $1", &[&name])
        .await?;
    let value = found.map(|row| row.read::<String>(0)).transpose()?;
    value.map_or(Ok(0), |value| {
        let unreadable = |_| Fault::Unreadable(format!("{name} reads {value:?}"));
        value.parse().map_err(unreadable)
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

#[cfg(test)]
mod tests {
    use futures_util::future::join;
    use slugline_parts::postgres::database;

    use super::*;
    use crate::postgres::connector::Connector;

    const FIRST: Step = Step {
        sql: "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        serves: 1,
    };
    const ADDS: Step = Step {
        sql: "CREATE TABLE added ()",
        serves: 1,
    };
    const CHANGES: Step = Step {
        sql: "DROP TABLE added",
        serves: 3,
    };

    /// Has a test done with two connections to an empty database.
    fn with_two(test: impl AsyncFnOnce(Session, Session)) {
        let database = database().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let connector = Connector::new(&database.url).unwrap();
            let (one, other) = join(connector.session(), connector.session()).await;
            test(one.unwrap(), other.unwrap()).await;
        });
    }

    #[test]
    fn an_older_binary_goes_on_where_steps_only_add() {
        with_two(async |newer, older| {
            assert_eq!(
                take(&older, &[FIRST]).await,
                Ok(Migrated { from: 0, to: 1 })
            );
            assert_eq!(
                take(&newer, &[FIRST, ADDS]).await,
                Ok(Migrated { from: 1, to: 2 })
            );
            assert_eq!(
                take(&older, &[FIRST]).await,
                Ok(Migrated { from: 2, to: 2 })
            );
        });
    }

    #[test]
    fn a_binary_that_a_step_leaves_behind_is_refused() {
        with_two(async |newer, older| {
            take(&newer, &[FIRST, ADDS, CHANGES]).await.unwrap();
            let refused = take(&older, &[FIRST, ADDS]).await.unwrap_err();
            assert_eq!(refused, OpenError::Newer { found: 3, known: 2 });
            assert!(
                refused.to_string().contains("install that version"),
                "{refused}"
            );
        });
    }

    #[test]
    fn two_that_start_at_once_take_each_step_once() {
        with_two(async |one, other| {
            let (one, other) = join(migrate(&one), migrate(&other)).await;
            let from = [one.unwrap().from, other.unwrap().from];
            assert!(from.contains(&0) && from.contains(&1), "{from:?}");
        });
    }

    #[test]
    fn a_step_that_fails_leaves_nothing() {
        with_two(async |one, other| {
            const BROKEN: Step = Step {
                sql: "CREATE TABLE half (); SELECT 1 / 0",
                serves: 1,
            };
            assert!(take(&one, &[FIRST, BROKEN]).await.is_err());
            one.roll_back().await;
            assert_eq!(
                take(&other, &[FIRST, ADDS]).await,
                Ok(Migrated { from: 0, to: 2 })
            );
        });
    }
}
