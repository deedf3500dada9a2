//! Releasing publishes that nothing holds back any more.
//!
//! Ensures that their items are locked as intake locks them, so that desired state follows the order
//! of generations, and that what a pass finds is looked at once more under the lock.

use slugline_core::ids::PublishId;

use super::changes::Changes;
use super::fault::Done;
use super::gauges::Effected;
use super::session::{BEGIN, Session, call};
use super::times::{NOW, Times, store_now};
use super::write::commit;
use super::{desired, items, jobs};
use crate::change::release;
use crate::job::select_jobs;
use crate::record::Record;

/// When nothing holds publish `p` back: its time has come, its media are kept, and nobody else claims
/// its slug.
macro_rules! is_ready {
    ($now:literal) => {
        concat!(
            "p.waits <> 0 AND p.fetch_at IS NULL AND p.ready_at <= ",
            store_now!($now),
            " AND (p.slug_key IS NULL
                   OR NOT EXISTS (SELECT 1 FROM slug_claim c WHERE c.key = p.slug_key AND c.item <> p.item))"
        )
    };
}

/// Publishes that can be released, in the order in which they became ready.
const READY: &str = concat!(
    "SELECT p.id FROM publish p WHERE ",
    is_ready!("$1"),
    " ORDER BY p.ready_at, p.id LIMIT $2"
);

/// Those of them that still can be.
const STILL_READY: &str = concat!(
    "SELECT p.id FROM publish p WHERE p.id = ANY($2) AND ",
    is_ready!("$1"),
    " ORDER BY p.ready_at, p.id"
);

/// Locks the jobs that may change when publishes of items get their places: those that desired state
/// names, and those of publishes that wait.
pub(crate) const LOCK_JOBS: &str = select_jobs!(
    "WHERE j.id IN (SELECT w.job FROM desired w WHERE w.item = ANY($1)
                    UNION ALL
                    SELECT q.id FROM publish w JOIN job q ON q.publish = w.id
                    WHERE w.item = ANY($1) AND w.waits <> 0 AND q.state = 0)
     ORDER BY j.id FOR NO KEY UPDATE OF j"
);

/// Releases publishes that are ready; how many.
pub(crate) async fn pass(session: &Session, times: &Times, limit: i64) -> Done<(usize, Effected)> {
    let ready = session.rows(READY, &[&times.given(), &limit]).await?;
    if ready.is_empty() {
        return Ok((0, Effected::default()));
    }
    let ready: Vec<i64> = ready.iter().map(|row| row.read(0)).collect::<Done<_>>()?;
    session.rows(BEGIN, &[]).await?;
    let (changes, released) = release(session, times, &ready).await?;
    let effected = changes.effected();
    commit(session, &changes.writes()?).await?;
    Ok((released, effected))
}

/// Releases those of the publishes that are ready, within an open transaction that has locked nothing
/// yet but these publishes; how many. The changes are still to be written.
pub(crate) async fn release(
    session: &Session,
    times: &Times,
    publishes: &[i64],
) -> Done<(Changes, usize)> {
    let sql = "SELECT DISTINCT item FROM publish WHERE id = ANY($1)";
    let found = session.rows(sql, &[&publishes]).await?;
    let items: Vec<i64> = found.iter().map(|row| row.read(0)).collect::<Done<_>>()?;
    let given = times.given();
    let [_, locked, wanted, ready, now] = session
        .each([
            call(items::LOCK_BY_ID, &[&items]),
            call(LOCK_JOBS, &[&items]),
            call(desired::LOCK_OF_ITEMS, &[&items]),
            call(STILL_READY, &[&given, &publishes]),
            call(NOW, &[&given]),
        ])
        .await?;
    let mut changes = Changes::at(times.read(&now)?);
    changes.know(jobs::read_all(&locked)?);
    changes.desired = desired::read_all(&wanted)?;
    for row in &ready {
        release::release(&mut changes, PublishId(row.read(0)?))?;
    }
    Ok((changes, ready.len()))
}
