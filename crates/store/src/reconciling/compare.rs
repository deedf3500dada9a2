//! What a reconciliation met, and what is to be looked at for it.
//!
//! Ensures that only what rests since before the reconciliation began is compared, that what was never
//! ours is only counted, and that nothing is judged here but equality: what differs is looked at.

use slugline_core::connector::{Listed, Shown};
use slugline_core::time::Timestamp;
use slugline_engine::store::{Compared, Comparison, ReconciliationTask};

use super::{Plain, Rows, rests};
use crate::record::{Json, Record, Unreadable, Value};

const IS_OURS: &str = "SELECT id FROM reconciliation WHERE id = $1 AND fence = $2 AND state = 0";

/// What is known of the item whose entry has a name.
const FACTS: &str = concat!(
    "SELECT e.item, w.generation = w.shown_generation AND w.undisturbed, w.adopted, w.drift IS NOT NULL, s.shown,
            coalesce(",
    rests!(),
    ", FALSE)
     FROM reconciliation r JOIN entry e ON e.destination = r.destination
     LEFT JOIN desired w ON w.item = e.item AND w.destination = e.destination
     LEFT JOIN job j ON j.id = w.job LEFT JOIN job s ON s.id = w.shown_job
     WHERE r.id = $1 AND e.name = $2"
);

/// Items that should be there and were not met, by their numbers.
const UNSEEN: &str = concat!(
    "SELECT w.item FROM reconciliation r JOIN desired w ON w.destination = r.destination JOIN job j ON j.id = w.job
     WHERE r.id = $1 AND w.item > $2 AND w.action IN (0, 3) AND ",
    rests!(),
    " AND NOT EXISTS (SELECT 1 FROM sighting s WHERE s.reconciliation = r.id AND s.item = w.item)
     ORDER BY w.item LIMIT $3"
);

/// All items, by their numbers.
const EACH: &str = concat!(
    "SELECT w.item FROM reconciliation r JOIN desired w ON w.destination = r.destination JOIN job j ON j.id = w.job
     WHERE r.id = $1 AND w.item > $2 AND ",
    rests!(),
    " ORDER BY w.item LIMIT $3"
);

/// One that is to be looked at stays so.
const MEET: &str = "INSERT INTO sighting (reconciliation, item, suspect) VALUES ($1, $2, $3)
    ON CONFLICT (reconciliation, item) DO UPDATE SET suspect = excluded.suspect WHERE excluded.suspect > sighting.suspect";

/// Has an item looked at, unless a look is to come anyway.
const LOOK: &str = "UPDATE desired SET look_due_at = $3
    WHERE item = $1 AND destination = (SELECT r.destination FROM reconciliation r WHERE r.id = $2)
      AND NOT look_owed AND coalesce(look_due_at, 0) <= $3";

/// An item of ours whose entry is listed.
struct Met {
    item: i64,
    /// The fingerprint of what should be there.
    known: Option<String>,
    has_drifted: bool,
    rests: bool,
}

fn met(row: &Plain) -> Result<Met, Unreadable> {
    let is_known = row.read::<Option<bool>>(1)?.unwrap_or(false);
    let shown = row.read::<Option<Json<Shown>>>(4)?;
    let shown = shown.map(|shown| shown.0.fingerprint);
    let adopted: Option<String> = row.read(2)?;
    Ok(Met {
        item: row.read(0)?,
        known: adopted.or(shown.filter(|_| is_known)),
        has_drifted: row.read::<Option<bool>>(3)?.unwrap_or(false),
        rests: row.read(5)?,
    })
}

impl Met {
    /// Whether only a look can tell how it is.
    fn is_suspect(&self, listed: &Listed) -> bool {
        let is_same = listed.fingerprint.is_some() && listed.fingerprint == self.known;
        !is_same || self.has_drifted
    }
}

/// Compares, remembers, and has looked at what may differ; `None` when somebody else has it.
pub(crate) async fn compare<D: Rows>(
    db: &D,
    now: Timestamp,
    task: &ReconciliationTask,
    what: &Comparison,
) -> Result<Option<Compared>, D::Fault> {
    let right = vec![Value::Int(task.id.0), Value::Int(task.fence.0)];
    if db.rows(IS_OURS, right).await?.is_empty() {
        return Ok(None);
    }
    let mut compared = Compared::default();
    let mut items = match what {
        Comparison::Listed(entries) => listed(db, task, entries, &mut compared).await?,
        Comparison::Unseen { after, limit } => walk(db, task, UNSEEN, *after, *limit).await?,
        Comparison::Each { after, limit } => walk(db, task, EACH, *after, *limit).await?,
    };
    // In the order in which others lock them.
    items.sort_unstable();
    for (item, suspect) in &items {
        let values = [task.id.0, *item, i64::from(*suspect)];
        db.rows(MEET, values.map(Value::Int).to_vec()).await?;
        if *suspect {
            compared.suspects += 1;
            let values = [*item, task.id.0, now.0];
            db.rows(LOOK, values.map(Value::Int).to_vec()).await?;
        }
    }
    compared.last = items.last().map(|(item, _)| *item);
    Ok(Some(compared))
}

async fn listed<D: Rows>(
    db: &D,
    task: &ReconciliationTask,
    entries: &[Listed],
    compared: &mut Compared,
) -> Result<Vec<(i64, bool)>, D::Fault> {
    let mut items = Vec::new();
    for entry in entries {
        let values = vec![Value::Int(task.id.0), Value::Text(entry.name.clone())];
        let found = db.rows(FACTS, values).await?;
        match found.first().map(met).transpose()? {
            None => compared.unmanaged += 1,
            Some(met) if met.rests => items.push((met.item, met.is_suspect(entry))),
            Some(_) => {}
        }
    }
    Ok(items)
}

async fn walk<D: Rows>(
    db: &D,
    task: &ReconciliationTask,
    sql: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, bool)>, D::Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [task.id.0, after, limit].map(Value::Int).to_vec();
    let found = db.rows(sql, values).await?;
    let items = found.iter().map(|row| Ok((row.read(0)?, true)));
    Ok(items.collect::<Result<_, Unreadable>>()?)
}
