//! Reconciliations from their beginning to their end.
//!
//! Ensures that one at a time runs for each destination, and that only the node that has it writes
//! down how far it is.

use std::time::Duration;

use slugline_core::event::EventType;
use slugline_core::item::ItemKey;
use slugline_core::time::Timestamp;
use slugline_engine::store::{
    Begun, NewReconciliation, Page, Paged, Progress, ReconciliationRecord, ReconciliationState,
    ReconciliationTask, ReconciliationView,
};

use super::{Plain, Rows, Writes};
use crate::entry::{Dated, Entry};
use crate::record::{Json, Record, Unreadable, Value};
use crate::views::list::{Where, paged, rows};

const SELECT: &str = "SELECT r.id, d.name, r.state, r.started_at, r.record
    FROM reconciliation r JOIN destination d ON d.id = r.destination";

const BEGIN: &str = "INSERT INTO reconciliation (destination, state, fence, due, started_at, record)
    SELECT d.id, 0, 0, CAST($2 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT) FROM destination d
    WHERE d.name = $1 AND NOT EXISTS (SELECT 1 FROM reconciliation r WHERE r.destination = d.id AND r.started_at >= $4)
    ON CONFLICT DO NOTHING RETURNING id";

const RUNNING: &str = "r.state = 0 AND d.name = ?";

/// What is to go on by then, at destinations whose names follow.
const DUE: &str = "SELECT r.id FROM reconciliation r JOIN destination d ON d.id = r.destination
    WHERE r.state = 0 AND r.due <= $1 AND d.name IN";

const TAKE: &str = "UPDATE reconciliation SET fence = fence + 1, due = $3 WHERE id = $1 AND state = 0 AND due <= $2
    RETURNING id, fence, started_at, record, (SELECT d.name FROM destination d WHERE d.id = reconciliation.destination)";

const KEEP: &str = "UPDATE reconciliation SET state = $3, record = $4, due = $5 WHERE id = $1 AND fence = $2 AND state = 0
    RETURNING id";

/// Whoever works on it loses it.
const ABORT: &str = "UPDATE reconciliation SET state = 3, fence = fence + 1, record = $2 WHERE id = $1 AND state = 0 RETURNING id";

const FORGET: &str = "DELETE FROM sighting WHERE reconciliation = $1";

struct At(Timestamp);

impl Dated for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn view(row: &Plain) -> Result<ReconciliationView, Unreadable> {
    let (state, record) = (row.read(2)?, row.read::<Json<_>>(4)?.0);
    let at = row.read(3)?;
    Ok(ReconciliationView::of(
        row.read(0)?,
        row.read(1)?,
        state,
        at,
        record,
    ))
}

fn log<D: Writes>(
    db: &D,
    now: Timestamp,
    kind: EventType,
    view: &ReconciliationView,
) -> Result<(), D::Fault> {
    let nothing = ItemKey {
        owner: String::new(),
        environment: String::new(),
        content_id: String::new(),
        locale: String::new(),
    };
    let outcome = serde_json::to_value(view.state)?;
    let outcome = outcome.as_str().unwrap_or_default();
    let entry = Entry::new(&At(now), kind, outcome, 0, &nothing)
        .actor(&view.actor)
        .detail("reconciliation_id", view.reconciliation_id)
        .detail("destination", &view.destination)
        .detail("dry_run", view.dry_run)
        .detail("believe_listing", view.believe_listing);
    let entry = match kind {
        EventType::ReconciliationEnded => {
            entry.detail("counts", view.counts).detail("why", &view.why)
        }
        _ => entry,
    };
    db.log(entry.finish())
}

/// Those that fit, newest first.
async fn list<D: Rows>(
    db: &D,
    wanted: &Where,
    limit: usize,
) -> Result<Vec<ReconciliationView>, D::Fault> {
    let clause = wanted.clause();
    let sql = format!("{SELECT} {clause} ORDER BY r.id DESC LIMIT {limit}");
    let found = db.rows(&sql, wanted.values().to_vec()).await?;
    let views = found.iter().map(view).collect::<Result<_, _>>()?;
    Ok(views)
}

/// One by its number.
pub(crate) async fn one<D: Rows>(db: &D, id: i64) -> Result<Option<ReconciliationView>, D::Fault> {
    let mut wanted = Where::default();
    wanted.and_some("r.id = ?", Some(id));
    Ok(list(db, &wanted, 1).await?.pop())
}

/// A page of them.
pub(crate) async fn page<D: Rows>(
    db: &D,
    destination: Option<String>,
    page: &Page,
) -> Result<Paged<ReconciliationView>, D::Fault> {
    let mut wanted = Where::default();
    wanted.and_some("r.id < ?", page.cursor);
    wanted.and_some("d.name = ?", destination);
    let found = list(db, &wanted, rows(page)).await?;
    Ok(paged(found, page, |view| view.reconciliation_id.0))
}

/// Begins one.
pub(crate) async fn begin<D: Writes>(
    db: &D,
    now: Timestamp,
    new: &NewReconciliation,
) -> Result<Begun, D::Fault> {
    let record = ReconciliationRecord {
        actor: new.actor.clone(),
        dry_run: new.dry_run,
        believe_listing: new.believe_listing,
        ..ReconciliationRecord::default()
    };
    let name = || Value::Text(new.destination.clone());
    let since = new.unless_since.unwrap_or(Timestamp(i64::MAX)).0;
    let values = vec![
        name(),
        Value::Int(now.0),
        Value::Text(serde_json::to_string(&record)?),
        Value::Int(since),
    ];
    if let Some(row) = db.rows(BEGIN, values).await?.first()
        && let Some(view) = one(db, row.read(0)?).await?
    {
        log(db, now, EventType::ReconciliationStarted, &view)?;
        return Ok(Begun::New(view));
    }
    let mut wanted = Where::default();
    wanted.and_some(RUNNING, Some(new.destination.clone()));
    if let Some(view) = list(db, &wanted, 1).await?.pop() {
        return Ok(Begun::Running(view));
    }
    let sql = "SELECT id FROM destination WHERE name = $1";
    let known = !db.rows(sql, vec![name()]).await?.is_empty();
    Ok(if known { Begun::Recent } else { Begun::Unknown })
}

/// Those that are to go on.
pub(crate) async fn due<D: Rows>(
    db: &D,
    now: Timestamp,
    destinations: &[String],
) -> Result<Vec<i64>, D::Fault> {
    if destinations.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..destinations.len())
        .map(|place| format!("${}", place + 2))
        .collect();
    let sql = format!("{DUE} ({}) ORDER BY r.due, r.id", places.join(", "));
    let names = destinations.iter().cloned().map(Value::Text);
    let values = std::iter::once(Value::Int(now.0)).chain(names).collect();
    let found = db.rows(&sql, values).await?;
    let ids = found
        .iter()
        .map(|row| row.read(0))
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

/// Takes the first of them that still is.
pub(crate) async fn take<D: Rows>(
    db: &D,
    now: Timestamp,
    due: &[i64],
    lease: Duration,
) -> Result<Option<ReconciliationTask>, D::Fault> {
    for id in due {
        let values = [*id, now.0, now.plus(lease).0].map(Value::Int).to_vec();
        if let Some(row) = db.rows(TAKE, values).await?.first() {
            return Ok(Some(ReconciliationTask {
                id: row.read(0)?,
                fence: row.read(1)?,
                started_at: row.read(2)?,
                record: row.read::<Json<_>>(3)?.0,
                destination: row.read(4)?,
            }));
        }
    }
    Ok(None)
}

/// Keeps where one is, if whoever asks still has it.
pub(crate) async fn keep<D: Writes>(
    db: &D,
    now: Timestamp,
    progress: &Progress,
) -> Result<bool, D::Fault> {
    let running = progress.state == ReconciliationState::Running;
    let record = ReconciliationRecord {
        ended_at: (!running).then_some(now),
        ..progress.record.clone()
    };
    let id = progress.id.0;
    let values = vec![
        Value::Int(id),
        Value::Int(progress.fence.0),
        Value::Int(crate::words::Word::number(progress.state)),
        Value::Text(serde_json::to_string(&record)?),
        Value::Int(now.plus(progress.next).0),
    ];
    if db.rows(KEEP, values).await?.is_empty() {
        return Ok(false);
    }
    if !running {
        ended(db, now, id).await?;
    }
    Ok(true)
}

async fn ended<D: Writes>(db: &D, now: Timestamp, id: i64) -> Result<(), D::Fault> {
    db.rows(FORGET, vec![Value::Int(id)]).await?;
    match one(db, id).await? {
        Some(view) => log(db, now, EventType::ReconciliationEnded, &view),
        None => Ok(()),
    }
}

/// Ends one that runs; as it is then.
pub(crate) async fn abort<D: Writes>(
    db: &D,
    now: Timestamp,
    id: i64,
    actor: &str,
) -> Result<Option<ReconciliationView>, D::Fault> {
    let sql = "SELECT record FROM reconciliation WHERE id = $1 AND state = 0";
    if let Some(row) = db.rows(sql, vec![Value::Int(id)]).await?.first() {
        let record = ReconciliationRecord {
            ended_at: Some(now),
            why: Some(format!("aborted by {actor}")),
            ..row.read::<Json<_>>(0)?.0
        };
        let values = vec![Value::Int(id), Value::Text(serde_json::to_string(&record)?)];
        if !db.rows(ABORT, values).await?.is_empty() {
            ended(db, now, id).await?;
        }
    }
    one(db, id).await
}
