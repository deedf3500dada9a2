//! Counts for metrics.
//!
//! Ensures that counting a long queue reads its index and not its rows.

use std::collections::BTreeMap;

use rusqlite::Connection;
use slugline_core::drift::Drift;
use slugline_core::item::Class;
use slugline_core::lifecycle::JobState;
use slugline_engine::store::Counts;

use crate::sqlite::column::{At, Col};
use crate::sqlite::fault::Done;
use crate::sqlite::statements::Statements;

/// Jobs that are not final, and dead letters, each read from its own partial index.
const JOBS: &str = "SELECT d.name, n.class, n.state, n.jobs FROM (
        SELECT destination, class, state, count(*) AS jobs FROM job WHERE state IN (0, 4) GROUP BY state, destination, class
        UNION ALL
        SELECT destination, class, 1, count(*) FROM job WHERE state = 1 GROUP BY destination, class
        UNION ALL
        SELECT destination, class, 2, count(*) FROM job WHERE lease_until IS NOT NULL AND state = 2 GROUP BY destination, class
    ) n JOIN destination d ON d.id = n.destination";

/// What has drifted, from its own partial index.
const DRIFT: &str =
    "SELECT d.name, w.drift, count(*) FROM desired w JOIN destination d ON d.id = w.destination
    WHERE w.drift IS NOT NULL GROUP BY d.name, w.drift";

/// What there is to do, and what waits for a person.
pub(crate) fn read(connection: &Connection) -> Done<Counts> {
    let jobs = connection.all(JOBS, [], |row| {
        let key: (String, Class, JobState) = (
            row.get(0)?,
            row.get::<_, Col<_>>(1)?.0,
            row.get::<_, Col<_>>(2)?.0,
        );
        Ok((key, row.get::<_, u64>(3)?))
    })?;
    let drift = connection.all(DRIFT, [], |row| {
        let key: (String, Drift) = (row.get(0)?, row.get::<_, Col<_>>(1)?.0);
        Ok((key, row.get::<_, u64>(2)?))
    })?;
    Ok(Counts {
        drift: drift.into_iter().collect(),
        jobs: jobs.into_iter().collect::<BTreeMap<_, _>>(),
        oldest_due: oldest_due(connection)?.map(|at| at.0),
        looks_owed: number(
            connection,
            "SELECT count(*) FROM desired WHERE look_due_at IS NOT NULL AND look_owed",
        )?,
        log_entries: number(
            connection,
            "SELECT coalesce((SELECT max(seq) FROM event) - (SELECT min(seq) FROM event) + 1, 0)",
        )?,
    })
}

fn oldest_due(connection: &Connection) -> Done<Option<At>> {
    Ok(connection
        .one("SELECT min(due) FROM job WHERE state = 1", [], |row| {
            row.get::<_, Option<At>>(0)
        })?
        .flatten())
}

fn number(connection: &Connection, sql: &str) -> Done<u64> {
    Ok(connection.one(sql, [], |row| row.get(0))?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::plan;

    #[test]
    fn counting_reads_no_rows_of_the_queue() {
        let plan = plan(JOBS);
        assert!(plan.contains("COVERING INDEX job_queued"), "{plan}");
        assert!(
            plan.contains("job_waiting") && plan.contains("job_lease"),
            "{plan}"
        );
    }
}
