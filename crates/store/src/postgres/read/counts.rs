//! Counts for metrics.
//!
//! Ensures that counting a long queue reads its index and not its rows.

use slugline_core::item::Class;
use slugline_core::lifecycle::JobState;
use slugline_engine::store::Counts;

use crate::postgres::fault::Done;
use crate::postgres::sequencer;
use crate::postgres::session::{Session, call};
use crate::record::Record;

/// Jobs that are not final, and dead letters, each read from its own partial index.
const JOBS: &str = "SELECT d.name, n.class, n.state, n.jobs FROM (
        SELECT destination, class, state, count(*) AS jobs FROM job WHERE state IN (0, 4) GROUP BY state, destination, class
        UNION ALL
        SELECT destination, class, 1, count(*) FROM job WHERE state = 1 GROUP BY destination, class
        UNION ALL
        SELECT destination, class, 2, count(*) FROM job WHERE lease_until IS NOT NULL AND state = 2 GROUP BY destination, class
    ) n JOIN destination d ON d.id = n.destination";

/// When the oldest queued job became due: the first of each destination and class, by the index.
const OLDEST: &str = "SELECT min(oldest.due) FROM destination d CROSS JOIN generate_series(0, $1::bigint) k
    CROSS JOIN LATERAL (SELECT due FROM job j WHERE j.state = 1 AND j.destination = d.id AND j.class = k ORDER BY due LIMIT 1) oldest";

/// Second looks owed, and entries of the log: those that were numbered less those that were erased.
const REST: &str = "SELECT (SELECT count(*) FROM desired WHERE look_due_at IS NOT NULL AND look_owed),
    coalesce((SELECT first + entries - 1 FROM event_group WHERE first IS NOT NULL ORDER BY first DESC LIMIT 1)
             - (SELECT coalesce(max(last), 0) FROM segment WHERE erased), 0)";

/// What has drifted, from its own partial index.
const DRIFT: &str =
    "SELECT d.name, w.drift, count(*) FROM desired w JOIN destination d ON d.id = w.destination
    WHERE w.drift IS NOT NULL GROUP BY d.name, w.drift";

/// What there is to do, and what waits for a person.
pub(crate) async fn read(session: &Session) -> Done<Counts> {
    sequencer::number(session).await?;
    let classes = i64::try_from(Class::ALL.len()).unwrap_or(i64::MAX) - 1;
    let [jobs, oldest, rest, drift] = session
        .each([
            call(JOBS, &[]),
            call(OLDEST, &[&classes]),
            call(REST, &[]),
            call(DRIFT, &[]),
        ])
        .await?;
    let mut counts = Counts::default();
    for row in jobs {
        let key: (String, Class, JobState) = (row.read(0)?, row.read(1)?, row.read(2)?);
        counts.jobs.insert(key, row.read(3)?);
    }
    for row in drift {
        counts
            .drift
            .insert((row.read(0)?, row.read(1)?), row.read(2)?);
    }
    if let Some(row) = oldest.first() {
        counts.oldest_due = row.read(0)?;
    }
    if let Some(row) = rest.first() {
        (counts.looks_owed, counts.log_entries) = (row.read(0)?, row.read(1)?);
    }
    Ok(counts)
}
