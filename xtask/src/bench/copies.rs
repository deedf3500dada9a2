//! Ten million queued jobs: rows copied over the revisions of a million publishes, because as many publishes would take
//! half an hour to send. The copy names no column of the product's schema but the key; the product opens and checks it.

use std::path::Path;

use anyhow::{Context, Result};

use super::product::{self, Bench};
use super::sink::Sink;

/// Publishes sent.
const PUBLISHES: usize = 1_000_000;
/// Jobs of each afterwards.
const TIMES: usize = 10;

impl Bench<'_> {
    /// End to end per second with ten million jobs queued, and processor time of a delivery while they drain.
    pub(super) async fn behind_copies(&self) -> Result<(f64, f64)> {
        let sink = Sink::start().await?;
        let mut server = self.queued(&sink, PUBLISHES).await?;
        server.stop()?;
        copy_jobs(&server.data().join("slugline.db"))?;
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

fn copy_jobs(database: &Path) -> Result<()> {
    let mut database = rusqlite::Connection::open(database)?;
    let columns = columns(&database)?;
    let copies = database.transaction()?;
    copies
        .execute(
            &format!(
                "INSERT INTO job ({columns}) WITH RECURSIVE time (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM time WHERE n < {TIMES})
                 SELECT {columns} FROM job, time"
            ),
            [],
        )
        .context("the product's jobs cannot be copied any more; see copies.rs")?;
    Ok(copies.commit()?)
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
    fn every_job_is_there_ten_times() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.db");
        let database = rusqlite::Connection::open(&file).unwrap();
        let schema = "CREATE TABLE job (id INTEGER PRIMARY KEY, publish INTEGER NOT NULL, state INTEGER NOT NULL);
                      INSERT INTO job (publish, state) VALUES (7, 1), (8, 1)";
        database.execute_batch(schema).unwrap();
        copy_jobs(&file).unwrap();
        let count = "SELECT count(*) FROM job WHERE publish = 7 AND state = 1";
        let counted: usize = database.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(counted, TIMES);
    }
}
