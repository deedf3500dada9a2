//! The floor of end to end: one writer that does nothing but write every promised record of accept, claim and settle, in
//! groups of 64 under random keys, with its look-ups in SQL. No HTTP, no JSON, no rules, no second thread.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::requests::BODY_BYTES;

const SCHEMA: &str = include_str!("records.sql");

/// Publishes per transaction: as many as there are callers.
pub(super) const GROUP: usize = 64;

/// A stored answer of the usual length, in bytes.
pub(super) const ANSWER: &str = concat!(
    r#"{"status":"ok","publish_id":"01234567890123456789012345","request_id":"0123456789abcdef0123456789abcdef","#,
    r#""content_id":"post-0123456789abcdef0123456789abcdef","version":1,"generation":1,"state":"queued","jobs":[]}"#
);

/// Publishes per second that the writer takes from accept to settled over `span`, in a new database inside `folder`.
pub(super) fn per_second(folder: &Path, span: Duration) -> Result<f64> {
    let mut database = Connection::open(folder.join("records.db"))?;
    database.execute_batch(SCHEMA)?;
    let mut random = fastrand::Rng::new();
    let (started, mut settled) = (Instant::now(), 0_usize);
    while started.elapsed() < span {
        let jobs: Vec<i64> = in_one(&mut database, |group| {
            (0..GROUP).map(|_| accept(group, &mut random)).collect()
        })?;
        in_one(&mut database, |group| {
            jobs.iter().try_for_each(|job| claim(group, *job))
        })?;
        in_one(&mut database, |group| {
            jobs.iter().try_for_each(|job| settle(group, *job))
        })?;
        settled += jobs.len();
    }
    Ok(settled as f64 / started.elapsed().as_secs_f64())
}

fn in_one<T>(
    database: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let group = database.transaction()?;
    let done = work(&group)?;
    group.commit()?;
    Ok(done)
}

/// Looks up key, content and slug, then writes event, content, claim, revision, desired row, job and stored answer.
fn accept(group: &Transaction<'_>, random: &mut fastrand::Rng) -> Result<i64> {
    let (key, name) = (random.u128(..).to_be_bytes(), random.u128(..).to_be_bytes());
    let digest: [u8; 32] = std::array::from_fn(|_| random.u8(..));
    for (table, column, wanted) in [
        ("request", "key", key),
        ("content", "name", name),
        ("slug", "slug", name),
    ] {
        let query = format!("SELECT 1 FROM {table} WHERE {column} = ?1");
        group
            .prepare_cached(&query)?
            .query_row([wanted], |_| Ok(()))
            .optional()?;
    }
    let content = insert(
        group,
        "INSERT INTO content (name, version, generation) VALUES (?1, 1, 1)",
        params![name],
    )?;
    insert(
        group,
        "INSERT INTO slug VALUES (?1, ?2)",
        params![name, content],
    )?;
    let body = [b'x'; BODY_BYTES];
    insert(
        group,
        "INSERT INTO revision VALUES (NULL, ?1, 1, ?2, ?3)",
        params![content, digest, body],
    )?;
    insert(
        group,
        "INSERT INTO desired VALUES (1, ?1, 1, 1, 1)",
        params![content],
    )?;
    let job = insert(
        group,
        "INSERT INTO job VALUES (NULL, 1, ?1, 1, 1, 1, 1, NULL, 0, NULL)",
        params![content],
    )?;
    let event = event(group, content, job, &key, &digest)?;
    insert(
        group,
        "INSERT INTO request VALUES (?1, ?2, ?3, ?4, 1)",
        params![key, digest, ANSWER, event],
    )?;
    Ok(job)
}

fn claim(group: &Transaction<'_>, job: i64) -> Result<()> {
    insert(
        group,
        "UPDATE job SET state = 2, lease = 1, fence = fence + 1 WHERE id = ?1 AND state = 1",
        params![job],
    )?;
    Ok(())
}

/// Writes the attempt, the effect, the event and the job's end, by its fence.
fn settle(group: &Transaction<'_>, job: i64) -> Result<()> {
    insert(
        group,
        "INSERT INTO attempt VALUES (NULL, ?1, 1, 2, 1)",
        params![job],
    )?;
    insert(
        group,
        "INSERT INTO effect VALUES (?1, 1, 'acknowledged')",
        params![job],
    )?;
    event(group, job, job, &[0; 16], &[0; 32])?;
    let live = "UPDATE job SET state = 3, lease = NULL, due = NULL, evidence = 2 WHERE id = ?1 AND fence = 1";
    insert(group, live, params![job])?;
    Ok(())
}

fn event(
    group: &Transaction<'_>,
    content: i64,
    job: i64,
    key: &[u8; 16],
    digest: &[u8; 32],
) -> Result<i64> {
    insert(
        group,
        "INSERT INTO event VALUES (NULL, 1, 1, 1, ?1, ?2, ?3, 1, ?4)",
        params![content, job, key, digest],
    )
}

fn insert(group: &Transaction<'_>, statement: &str, values: impl rusqlite::Params) -> Result<i64> {
    group.prepare_cached(statement)?.execute(values)?;
    Ok(group.last_insert_rowid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_publish_of_the_floor_is_settled_with_all_its_records() {
        let folder = tempfile::tempdir().unwrap();
        assert!(per_second(folder.path(), Duration::from_millis(1)).unwrap() > 0.0);
        let database = Connection::open(folder.path().join("records.db")).unwrap();
        let count = |query: &str| {
            database
                .query_row(query, [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        let settled = count("SELECT count(*) FROM job WHERE state = 3 AND fence = 1");
        assert!(settled >= 64);
        assert_eq!(settled * 2, count("SELECT count(*) FROM event"));
        for table in [
            "job", "request", "content", "slug", "revision", "desired", "attempt", "effect",
        ] {
            assert_eq!(
                settled,
                count(&format!("SELECT count(*) FROM {table}")),
                "{table}"
            );
        }
    }
}
