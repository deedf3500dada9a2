//! How a reconciliation stands.
//!
//! Ensures that what got on its way since it began is not counted as anything.

use slugline_core::drift::Drift;
use slugline_engine::store::Tally;

use super::{Rows, rests};
use crate::record::{Record, Value};

/// What was met, by whether it is to be looked at yet, and how it has drifted.
const MET: &str = concat!(
    "SELECT s.suspect = 1 AND w.look_due_at IS NOT NULL, w.drift, count(*)
     FROM sighting s JOIN reconciliation r ON r.id = s.reconciliation
     JOIN desired w ON w.item = s.item AND w.destination = r.destination JOIN job j ON j.id = w.job
     WHERE r.id = $1 AND ",
    rests!(),
    " GROUP BY 1, 2"
);

/// How many items should be there, and how many of them were met.
const EXPECTED: &str = concat!(
    "SELECT count(*), count(s.item)
     FROM reconciliation r JOIN desired w ON w.destination = r.destination JOIN job j ON j.id = w.job
     LEFT JOIN sighting s ON s.reconciliation = r.id AND s.item = w.item
     WHERE r.id = $1 AND w.action IN (0, 3) AND ",
    rests!()
);

/// Counts.
pub(crate) async fn tally<D: Rows>(db: &D, id: i64) -> Result<Tally, D::Fault> {
    let mut tally = Tally::default();
    for row in db.rows(MET, vec![Value::Int(id)]).await? {
        let (waits, count): (bool, u64) = (row.read(0)?, row.read(2)?);
        match row.read::<Option<Drift>>(1)? {
            _ if waits => tally.waiting += count,
            Some(drift) => *tally.drift.entry(drift).or_default() += count,
            None => tally.in_sync += count,
        }
    }
    if let Some(row) = db.rows(EXPECTED, vec![Value::Int(id)]).await?.first() {
        (tally.expected, tally.met) = (row.read(0)?, row.read(1)?);
    }
    Ok(tally)
}
