//! Ten million queued jobs: rows copied over the revisions of a million publishes, because as many publishes would take
//! half an hour to send. The copy names no column of the product's schema but the key; the product opens and checks it.

use std::path::Path;

use anyhow::{Context, Result};
use slugline_parts::postgres::Server;

use super::product::{self, Bench};
use super::sink::Sink;

/// Publishes sent.
const PUBLISHES: usize = 1_000_000;
/// Jobs of each afterwards.
const TIMES: usize = 10;
/// Said when the copy does not work any more.
const CHANGED: &str = "the product's jobs cannot be copied any more; see copies.rs";

impl Bench<'_> {
    /// End to end per second with ten million jobs queued, and processor time of a delivery while they drain.
    pub(super) async fn behind_copies(&self) -> Result<(f64, f64)> {
        let sink = Sink::start().await?;
        let mut server = self.queued(&sink, PUBLISHES).await?;
        server.stop()?;
        server.copy_jobs(TIMES)?;
        server.start_again()?;
        server.ready().await?;
        let delivered = product::deliver(&server, &sink, self.span).await;
        let per_second = server.explain(delivered)?.per_second;
        server.stop()?;
        let bulk = Sink::at(server.bulk).await?;
        server.start_again()?;
        let claim_us = self.drained(&server, &bulk, PUBLISHES * TIMES).await;
        Ok((per_second, server.explain(claim_us)?))
    }
}

/// Copies the jobs of a database file until each is there so many times.
///
/// # Errors
/// The table is not what it was.
pub(super) fn on_sqlite(file: &Path, times: usize) -> Result<()> {
    let mut database = rusqlite::Connection::open(file)?;
    let columns = columns(&database)?;
    let copies = database.transaction()?;
    let copy = format!(
        "INSERT INTO job ({columns})
         WITH RECURSIVE time (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM time WHERE n < {times})
         SELECT {columns} FROM job, time"
    );
    copies.execute(&copy, []).context(CHANGED)?;
    Ok(copies.commit()?)
}

/// The same in a database of PostgreSQL.
///
/// # Errors
/// The table is not what it was.
pub(super) fn on_postgres(server: &Server, database: &str, times: usize) -> Result<()> {
    let named = "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = 'job' AND column_name <> 'id'";
    let columns = server.sql(database, named)?;
    let columns = columns.trim();
    let copy = format!(
        "INSERT INTO job ({columns}) SELECT {columns} FROM job, generate_series(2, {times})"
    );
    server.sql(database, &copy).context(CHANGED)?;
    Ok(())
}

/// All but the key, which the copies get anew.
fn columns(database: &rusqlite::Connection) -> Result<String> {
    let mut named = database.prepare("SELECT name FROM pragma_table_info('job') WHERE pk = 0")?;
    let names = named.query_map([], |row| row.get::<_, String>(0))?;
    Ok(names.collect::<Result<Vec<_>, _>>()?.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_there_ten_times_on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.db");
        let database = rusqlite::Connection::open(&file).unwrap();
        let schema = "CREATE TABLE job (id INTEGER PRIMARY KEY, publish INTEGER NOT NULL, state INTEGER NOT NULL);
                      INSERT INTO job (publish, state) VALUES (7, 1), (8, 1)";
        database.execute_batch(schema).unwrap();
        on_sqlite(&file, TIMES).unwrap();
        let count = "SELECT count(*) FROM job WHERE publish = 7 AND state = 1";
        let counted: usize = database.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(counted, TIMES);
    }

    #[test]
    fn every_job_is_there_ten_times_on_postgres() {
        let server = Server::start().unwrap();
        let schema = "CREATE TABLE job (id bigserial PRIMARY KEY, publish bigint NOT NULL, state smallint NOT NULL);
                      INSERT INTO job (publish, state) VALUES (7, 1), (8, 1)";
        server.sql("postgres", schema).unwrap();
        on_postgres(&server, "postgres", TIMES).unwrap();
        let count = "SELECT count(*) FROM job WHERE publish = 7 AND state = 1";
        let counted = server.sql("postgres", count).unwrap();
        assert_eq!(counted.trim(), TIMES.to_string());
    }
}
