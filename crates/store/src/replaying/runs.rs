//! Replays from their beginning to their end.
//!
//! Ensures that one at a time runs for each owner, that its events are written down with its beginning,
//! and that only the node that has it writes down how far it is.

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_core::event::EventType;
use slugline_core::ids::ReplayId;
use slugline_core::item::ItemKey;
use slugline_core::time::Timestamp;
use slugline_engine::store::{
    NewReplay, Page, Paged, REPLAYS_KEPT, ReplayBegun, ReplayProgress, ReplayRecord, ReplayState,
    ReplayTask, ReplayView,
};

use super::find::Found;
use super::targets;
use crate::entry::{Dated, Entry};
use crate::reconciling::{Plain, Rows, Writes};
use crate::record::{Json, Record, Unreadable, Value};
use crate::views::list::{Where, paged, rows};
use crate::words::Word;

/// What an entry of the log that names its owner itself has for its item.
const NO_ITEM: i64 = -1;

const SELECT: &str = "SELECT r.id, r.state, r.started_at, r.record, r.owner FROM replay r";

const BEGIN: &str = "INSERT INTO replay (owner, state, fence, due, started_at, record)
    VALUES ($1, $2, 0, $3, $3, $4) ON CONFLICT DO NOTHING RETURNING id";

/// What is to go on by then.
const DUE: &str = "SELECT id FROM replay WHERE state = 0 AND due <= $1 ORDER BY due, id LIMIT 16";

const TAKE: &str =
    "UPDATE replay SET fence = fence + 1, due = $3 WHERE id = $1 AND state = 0 AND due <= $2
    RETURNING id, fence, record";

const HELD: &str = "SELECT record FROM replay WHERE id = $1 AND fence = $2 AND state = 0";

const KEEP: &str =
    "UPDATE replay SET state = $3, record = $4, due = $5 WHERE id = $1 AND fence = $2 AND state = 0
    RETURNING id";

/// Whoever works on it loses it.
const ABORT: &str = "UPDATE replay SET state = 2, fence = fence + 1, record = $3 WHERE id = $1 AND owner = $2 AND state = 0
    RETURNING id";

struct At(Timestamp);

impl Dated for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn view(row: &Plain) -> Result<ReplayView, Unreadable> {
    Ok(ReplayView {
        replay_id: row.read(0)?,
        state: row.read(1)?,
        started_at: row.read(2)?,
        record: row.read::<Json<_>>(3)?.0,
        jobs: None,
    })
}

fn log<D: Writes>(
    db: &D,
    now: Timestamp,
    kind: EventType,
    owner: &str,
    view: &ReplayView,
) -> Result<(), D::Fault> {
    let record = &view.record;
    let about = ItemKey {
        owner: owner.to_owned(),
        environment: record.filter.environment.clone().unwrap_or_default(),
        content_id: String::new(),
        locale: String::new(),
    };
    let outcome = match kind {
        EventType::ReplayStarted => serde_json::to_value(ReplayState::Running)?,
        _ => serde_json::to_value(view.state)?,
    };
    let outcome = outcome.as_str().unwrap_or_default();
    let entry = Entry::new(&At(now), kind, outcome, NO_ITEM, &about)
        .actor(&record.actor)
        .detail("replay_id", view.replay_id)
        .detail("filter", &record.filter)
        .detail("mode", record.mode)
        .detail("dry_run", record.dry_run)
        .detail("total", record.total)
        .detail("limit", record.limit)
        .detail("rate", record.rate);
    let entry = match kind {
        EventType::ReplayStarted => entry,
        _ => entry
            .detail("done", record.done)
            .detail("counts", &record.counts)
            .detail("why", &record.why),
    };
    db.log(entry.finish())
}

/// Those that fit, newest first.
async fn list<D: Rows>(db: &D, wanted: &Where, limit: usize) -> Result<Vec<ReplayView>, D::Fault> {
    let clause = wanted.clause();
    let sql = format!("{SELECT} {clause} ORDER BY r.id DESC LIMIT {limit}");
    let found = db.rows(&sql, wanted.values().to_vec()).await?;
    let views = found.iter().map(view).collect::<Result<_, _>>()?;
    Ok(views)
}

/// One of an owner by its number, without its jobs.
pub(super) async fn one<D: Rows>(
    db: &D,
    owner: &str,
    id: ReplayId,
) -> Result<Option<ReplayView>, D::Fault> {
    let mut wanted = Where::default();
    wanted.and_some("r.id = ?", Some(id.0));
    wanted.and_some("r.owner = ?", Some(owner.to_owned()));
    Ok(list(db, &wanted, 1).await?.pop())
}

/// One of an owner by its number.
pub(crate) async fn whole<D: Rows>(
    db: &D,
    owner: &str,
    id: ReplayId,
) -> Result<Option<ReplayView>, D::Fault> {
    let Some(view) = one(db, owner, id).await? else {
        return Ok(None);
    };
    let jobs = Some(targets::jobs(db, id).await?);
    Ok(Some(ReplayView { jobs, ..view }))
}

/// A page of an owner's.
pub(crate) async fn page<D: Rows>(
    db: &D,
    owner: &str,
    page: &Page,
) -> Result<Paged<ReplayView>, D::Fault> {
    let mut wanted = Where::default();
    wanted.and_some("r.id < ?", page.cursor);
    wanted.and_some("r.owner = ?", Some(owner.to_owned()));
    let found = list(db, &wanted, rows(page)).await?;
    Ok(paged(found, page, |view| view.replay_id.0))
}

/// Begins one with what was found for it.
pub(crate) async fn begin<D: Writes>(
    db: &D,
    now: Timestamp,
    new: &NewReplay,
    found: Option<&Found>,
) -> Result<ReplayBegun, D::Fault> {
    let Some(found) = found else {
        return Ok(ReplayBegun::TooLong);
    };
    let has_ended = new.dry_run || found.targets.is_empty();
    let record = record(new, found, has_ended.then_some(now));
    let state = match has_ended {
        true => ReplayState::Done,
        false => ReplayState::Running,
    };
    let values = vec![
        Value::Text(new.owner.clone()),
        Value::Int(state.number()),
        Value::Int(now.0),
        Value::Text(serde_json::to_string(&record)?),
    ];
    let Some(row) = db.rows(BEGIN, values).await?.pop() else {
        return running(db, &new.owner).await;
    };
    let view = ReplayView {
        replay_id: row.read(0)?,
        state,
        started_at: now,
        record,
        jobs: None,
    };
    targets::write(db, view.replay_id, &found.targets).await?;
    forget(db, &new.owner).await?;
    log(db, now, EventType::ReplayStarted, &new.owner, &view)?;
    if has_ended {
        log(db, now, EventType::ReplayEnded, &new.owner, &view)?;
    }
    Ok(ReplayBegun::New(view))
}

fn record(new: &NewReplay, found: &Found, ended_at: Option<Timestamp>) -> ReplayRecord {
    let mut counts = BTreeMap::new();
    for target in &found.targets {
        *counts.entry(target.relevance).or_default() += 1;
    }
    ReplayRecord {
        actor: new.actor.clone(),
        filter: new.filter.clone(),
        mode: new.mode,
        dry_run: new.dry_run,
        limit: new.limit,
        rate: new.rate,
        total: found.targets.len() as u64,
        done: 0,
        more: found.more,
        counts,
        ended_at,
        why: None,
    }
}

/// The one that is in the way; it may have ended a moment ago.
async fn running<D: Rows>(db: &D, owner: &str) -> Result<ReplayBegun, D::Fault> {
    let sql = format!("{SELECT} WHERE r.owner = $1 ORDER BY r.state <> 0, r.id DESC LIMIT 1");
    let found = db.rows(&sql, vec![Value::Text(owner.to_owned())]).await?;
    let (column, wanted) = (0, "replay");
    let row = found.first().ok_or(Unreadable { column, wanted })?;
    Ok(ReplayBegun::Running(view(row)?))
}

/// Forgets the oldest of an owner.
async fn forget<D: Rows>(db: &D, owner: &str) -> Result<(), D::Fault> {
    let oldest = format!(
        "SELECT id FROM replay WHERE owner = $1 AND state <> 0
         AND id <= (SELECT id FROM replay WHERE owner = $1 ORDER BY id DESC LIMIT 1 OFFSET {REPLAYS_KEPT})"
    );
    let owner = || vec![Value::Text(owner.to_owned())];
    let sql = format!("DELETE FROM replay_target WHERE replay IN ({oldest})");
    db.rows(&sql, owner()).await?;
    let sql = format!("DELETE FROM replay WHERE id IN ({oldest})");
    db.rows(&sql, owner()).await?;
    Ok(())
}

/// Those that are to go on.
pub(crate) async fn due<D: Rows>(db: &D, now: Timestamp) -> Result<Vec<i64>, D::Fault> {
    let found = db.rows(DUE, vec![Value::Int(now.0)]).await?;
    let ids = found.iter().map(|row| row.read(0));
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Takes the first of them that still is, with what comes next.
pub(crate) async fn take<D: Rows>(
    db: &D,
    now: Timestamp,
    due: &[i64],
    lease: Duration,
    limit: usize,
) -> Result<Option<ReplayTask>, D::Fault> {
    for id in due {
        let values = [*id, now.0, now.plus(lease).0].map(Value::Int).to_vec();
        if let Some(row) = db.rows(TAKE, values).await?.first() {
            let (id, record) = (row.read(0)?, row.read::<Json<ReplayRecord>>(2)?.0);
            return Ok(Some(ReplayTask {
                id,
                fence: row.read(1)?,
                targets: targets::next(db, id, record.done, limit).await?,
                record,
            }));
        }
    }
    Ok(None)
}

/// Keeps what a step decided, if whoever asks still has it.
pub(crate) async fn keep<D: Writes>(
    db: &D,
    now: Timestamp,
    progress: &ReplayProgress,
) -> Result<bool, D::Fault> {
    let (id, fence) = (progress.id, progress.fence);
    let right = vec![Value::Int(id.0), Value::Int(fence.0)];
    let Some(row) = db.rows(HELD, right).await?.pop() else {
        return Ok(false);
    };
    let mut record = row.read::<Json<ReplayRecord>>(0)?.0;
    targets::decide(db, id, &progress.decided).await?;
    record.done += progress.decided.len() as u64;
    record.counts = targets::counts(db, id).await?;
    let state = match record.done >= record.total {
        true => ReplayState::Done,
        false => ReplayState::Running,
    };
    record.ended_at = (state == ReplayState::Done).then_some(now);
    let values = vec![
        Value::Int(id.0),
        Value::Int(fence.0),
        Value::Int(state.number()),
        Value::Text(serde_json::to_string(&record)?),
        Value::Int(now.plus(progress.next).0),
    ];
    if db.rows(KEEP, values).await?.is_empty() {
        return Ok(false);
    }
    if state == ReplayState::Done {
        ended(db, now, id).await?;
    }
    Ok(true)
}

async fn ended<D: Writes>(db: &D, now: Timestamp, id: ReplayId) -> Result<(), D::Fault> {
    let sql = format!("{SELECT} WHERE r.id = $1");
    match db.rows(&sql, vec![Value::Int(id.0)]).await?.first() {
        Some(row) => log(
            db,
            now,
            EventType::ReplayEnded,
            &row.read::<String>(4)?,
            &view(row)?,
        ),
        None => Ok(()),
    }
}

/// Ends one that runs; as it is then.
pub(crate) async fn abort<D: Writes>(
    db: &D,
    now: Timestamp,
    (owner, id): (&str, ReplayId),
    actor: &str,
) -> Result<Option<ReplayView>, D::Fault> {
    if let Some(view) = one(db, owner, id).await?
        && view.state == ReplayState::Running
    {
        let record = ReplayRecord {
            ended_at: Some(now),
            why: Some(format!("aborted by {actor}")),
            ..view.record
        };
        let values = vec![
            Value::Int(id.0),
            Value::Text(owner.to_owned()),
            Value::Text(serde_json::to_string(&record)?),
        ];
        if !db.rows(ABORT, values).await?.is_empty() {
            ended(db, now, id).await?;
        }
    }
    whole(db, owner, id).await
}
