//! The events of replays.
//!
//! Ensures that an event keeps its place, and that a later replay's decisions are not this one's.

use std::collections::BTreeMap;

use slugline_core::ids::ReplayId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::replay::Relevance;
use slugline_engine::store::{Page, Paged, ReplayDecision, ReplayTarget, ReplayTargetView};

use super::find::Target;
use super::runs;
use crate::reconciling::{Plain, Rows};
use crate::record::{Record, Unreadable, Value};
use crate::views::list::{Where, paged, rows};
use crate::words::Word;

/// Events that one statement writes: a round trip each would take seconds for a long replay.
const TOGETHER: usize = 100;
/// Values of an event.
const VALUES: usize = 7;

const NEXT: &str =
    "SELECT t.place, i.owner, i.environment, i.content_id, i.locale, d.name, t.generation
    FROM replay_target t JOIN item i ON i.id = t.item JOIN destination d ON d.id = t.destination
    WHERE t.replay = $1 AND t.place > $2 ORDER BY t.place LIMIT $3";

const DECIDE: &str =
    "UPDATE replay_target SET relevance = $3, job = $4 WHERE replay = $1 AND place = $2";

const COUNTS: &str =
    "SELECT relevance, count(*) FROM replay_target WHERE replay = $1 GROUP BY relevance";

const JOBS: &str = "SELECT j.state, count(*) FROM replay_target t JOIN job j ON j.id = t.job
    WHERE t.replay = $1 GROUP BY j.state";

const SELECT: &str = "SELECT t.place, i.content_id, i.environment, i.locale, d.name, p.id, p.request_id, t.generation,
           p.accepted_at, t.relevance, t.job, j.state
    FROM replay_target t JOIN item i ON i.id = t.item JOIN destination d ON d.id = t.destination
    JOIN publish p ON p.id = t.publish LEFT JOIN job j ON j.id = t.job";

/// Writes them down in their order.
pub(super) async fn write<D: Rows>(
    db: &D,
    replay: ReplayId,
    targets: &[Target],
) -> Result<(), D::Fault> {
    let values = |(place, target): (i64, &Target)| {
        let (publish, generation) = (target.publish.0, target.generation.0);
        let relevance = target.relevance.number();
        let places = [replay.0, place, target.item, target.destination];
        let rest = [generation, publish, relevance];
        places.into_iter().chain(rest).map(Value::Int)
    };
    let mut rows = (1_i64..).zip(targets).map(values);
    // Two statements in all: each is prepared once.
    let whole = targets.len() / TOGETHER;
    for _ in 0..whole {
        let values = rows.by_ref().take(TOGETHER).flatten().collect();
        db.rows(&insert(TOGETHER), values).await?;
    }
    for row in rows {
        db.rows(&insert(1), row.collect()).await?;
    }
    Ok(())
}

fn insert(count: usize) -> String {
    let row = |row: usize| {
        let places = (1..=VALUES).map(|value| format!("${}", row * VALUES + value));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..count).map(row).collect();
    format!(
        "INSERT INTO replay_target (replay, place, item, destination, generation, publish, relevance) VALUES {}",
        rows.join(", ")
    )
}

/// Those after this place.
pub(super) async fn next<D: Rows>(
    db: &D,
    replay: ReplayId,
    after: u64,
    limit: usize,
) -> Result<Vec<ReplayTarget>, D::Fault> {
    let [after, limit] = [after, limit as u64].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let values = [replay.0, after, limit].map(Value::Int).to_vec();
    let target = |row: &Plain| {
        Ok(ReplayTarget {
            place: row.read(0)?,
            item: ItemKey {
                owner: row.read(1)?,
                environment: row.read(2)?,
                content_id: row.read(3)?,
                locale: row.read(4)?,
            },
            destination: row.read(5)?,
            generation: row.read(6)?,
        })
    };
    let found = db.rows(NEXT, values).await?;
    let targets = found.iter().map(target);
    Ok(targets.collect::<Result<_, Unreadable>>()?)
}

/// Writes down what was decided.
pub(super) async fn decide<D: Rows>(
    db: &D,
    replay: ReplayId,
    decided: &[ReplayDecision],
) -> Result<(), D::Fault> {
    for decision in decided {
        let values = vec![
            Value::Int(replay.0),
            Value::Int(decision.place),
            Value::Int(decision.relevance.number()),
            decision.job.map_or(Value::Null, |job| Value::Int(job.0)),
        ];
        db.rows(DECIDE, values).await?;
    }
    Ok(())
}

/// How many are worth what.
pub(super) async fn counts<D: Rows>(
    db: &D,
    replay: ReplayId,
) -> Result<BTreeMap<Relevance, u64>, D::Fault> {
    let found = db.rows(COUNTS, vec![Value::Int(replay.0)]).await?;
    let counts = found.iter().map(|row| Ok((row.read(0)?, row.read(1)?)));
    Ok(counts.collect::<Result<_, Unreadable>>()?)
}

/// How their jobs are.
pub(super) async fn jobs<D: Rows>(
    db: &D,
    replay: ReplayId,
) -> Result<BTreeMap<JobState, u64>, D::Fault> {
    let found = db.rows(JOBS, vec![Value::Int(replay.0)]).await?;
    let jobs = found.iter().map(|row| Ok((row.read(0)?, row.read(1)?)));
    Ok(jobs.collect::<Result<_, Unreadable>>()?)
}

/// A page of those of an owner's replay.
pub(crate) async fn page<D: Rows>(
    db: &D,
    (owner, replay): (&str, ReplayId),
    relevance: Option<Relevance>,
    page: &Page,
) -> Result<Paged<ReplayTargetView>, D::Fault> {
    if runs::one(db, owner, replay).await?.is_none() {
        return Ok(Paged {
            items: Vec::new(),
            next_cursor: None,
        });
    }
    let mut wanted = Where::default();
    wanted.and_some("t.replay = ?", Some(replay.0));
    wanted.and_some("t.place > ?", page.cursor);
    let number = relevance.map(Word::number);
    wanted.and_some("t.relevance = CAST(? AS BIGINT)", number);
    let (clause, limit) = (wanted.clause(), rows(page));
    let sql = format!("{SELECT} {clause} ORDER BY t.place LIMIT {limit}");
    let found = db.rows(&sql, wanted.values().to_vec()).await?;
    let views = found.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    Ok(paged(views, page, |view| view.place))
}

fn view(row: &Plain) -> Result<ReplayTargetView, Unreadable> {
    Ok(ReplayTargetView {
        place: row.read(0)?,
        content_id: row.read(1)?,
        environment: row.read(2)?,
        locale: row.read(3)?,
        destination: row.read(4)?,
        publish_id: row.read(5)?,
        request_id: row.read(6)?,
        generation: row.read(7)?,
        accepted_at: row.read(8)?,
        relevance: row.read(9)?,
        job_id: row.read(10)?,
        job_state: row.read(11)?,
    })
}
