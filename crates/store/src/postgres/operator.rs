//! Carrying out what people order.
//!
//! Ensures that the items are locked as intake locks them, so that of two people who do the same at once,
//! at whichever nodes, one finds it done.

use slugline_core::ids::JobId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Problem;
use slugline_core::version::Generation;
use slugline_engine::store::JobOrder;

use super::changes::Changes;
use super::fault::Done;
use super::gauges::Effected;
use super::session::{BEGIN, COMMIT, Session, call};
use super::times::{NOW, Times};
use super::write::send;
use super::{desired, items, jobs, slugs};
use crate::change::operator::takes_back;
use crate::change::{Ledger, operator};
use crate::job::select_jobs;
use crate::ordered::{is_within, unknown};
use crate::record::Record;

/// Locks jobs by their ids, and those of their items that may change with them.
const LOCK: &str = select_jobs!(
    "WHERE j.id IN (SELECT unnest($2::bigint[])
                    UNION ALL
                    SELECT w.job FROM desired w WHERE w.item = ANY($1)
                    UNION ALL
                    SELECT q.id FROM publish w JOIN job q ON q.publish = w.id
                    WHERE w.item = ANY($1) AND w.waits <> 0 AND q.state = 0)
     ORDER BY j.id FOR NO KEY UPDATE OF j"
);

/// Does what is ordered, one after the other.
pub(crate) async fn act(
    session: &Session,
    times: &Times,
    orders: &[JobOrder],
) -> Done<(Vec<Result<JobState, Problem>>, Effected)> {
    let ids: Vec<i64> = orders.iter().map(|order| order.job.0).collect();
    let found = session
        .rows("SELECT DISTINCT item FROM job WHERE id = ANY($1)", &[&ids])
        .await?;
    let of: Vec<i64> = found.iter().map(|row| row.read(0)).collect::<Done<_>>()?;
    let [_, _, locked, wanted, now] = session
        .each([
            call(BEGIN, &[]),
            call(items::LOCK_BY_ID, &[&of]),
            call(LOCK, &[&of, &ids]),
            call(desired::LOCK_OF_ITEMS, &[&of]),
            call(NOW, &[&times.given()]),
        ])
        .await?;
    let mut changes = Changes::at(times.read(&now)?);
    changes.know(jobs::read_all(&locked)?);
    changes.desired = desired::read_all(&wanted)?;
    let answers: Done<Vec<_>> = orders
        .iter()
        .map(|order| one(&mut changes, order))
        .collect();
    let (answers, effected) = (answers?, changes.effected());
    send(session, &changes.writes()?).await?;
    if answers.iter().any(takes_back) {
        for item in of {
            slugs::give_back(session, item).await?;
        }
    }
    session.rows(COMMIT, &[]).await?;
    Ok((answers, effected))
}

fn one(changes: &mut Changes, order: &JobOrder) -> Done<Result<JobState, Problem>> {
    let Some(job) = changes.job(JobId(order.job.0))? else {
        return Ok(Err(unknown(order)));
    };
    match is_within(&job, order) {
        Ok(()) => operator::carry_out(changes, &job, order),
        Err(problem) => Ok(Err(problem)),
    }
}

/// The newest generation below this one that was live at a destination and can be shown again. A rollback stands
/// for the generation that it brought back. 3: live; 0: a publish.
const LAST_GOOD: &str = "SELECT coalesce(p.restores, p.generation) FROM item i JOIN publish p ON p.item = i.id JOIN job j ON j.publish = p.id
    JOIN destination d ON d.id = j.destination JOIN revision r ON r.item = p.item AND r.generation = p.generation
    WHERE i.owner = $1 AND i.environment = $2 AND i.content_id = $3 AND i.locale = $4 AND d.name = $5
      AND p.generation < coalesce((SELECT max(b.restores) FROM publish b WHERE b.item = i.id AND b.generation = $6), $6) AND j.state = 3 AND j.action = 0 AND r.payload IS NOT NULL
               ORDER BY p.generation DESC LIMIT 1";

/// See [`LAST_GOOD`].
pub(crate) async fn last_good(
    session: &Session,
    item: &ItemKey,
    destination: &str,
    below: Generation,
) -> Done<Option<Generation>> {
    let asked: [super::session::Param<'_>; 6] = [
        &item.owner,
        &item.environment,
        &item.content_id,
        &item.locale,
        &destination,
        &below.0,
    ];
    let found = session.one(LAST_GOOD, &asked).await?;
    let generation = found
        .map(|row| row.read::<Option<Generation>>(0))
        .transpose()?;
    Ok(generation.flatten())
}
