//! Releasing publishes that nothing holds back any more.
//!
//! Ensures that their items are locked as intake locks them, so that desired state follows the order
//! of generations, and that what a pass finds is looked at once more under the lock.

use std::collections::BTreeMap;

use slugline_core::ids::PublishId;
use slugline_core::lifecycle::PendingReason;
use slugline_engine::store::{Deadline, Released};
use tokio_postgres::Row;

use super::changes::Changes;
use super::fault::Done;
use super::gauges::Effected;
use super::session::{BEGIN, Session, call};
use super::times::{NOW, Times, store_now};
use super::write::commit;
use super::{dependencies, desired, items, jobs};
use crate::change::{dependency, release};
use crate::job::select_jobs;
use crate::record::Record;
use crate::words::Waits;

/// When publish `p` is looked at: its time has come and its media are kept. Then it waits at most for
/// what it depends on and for its slug.
macro_rules! is_due {
    ($now:literal) => {
        concat!(
            "p.waits <> 0 AND p.fetch_at IS NULL AND p.ready_at <= ",
            store_now!($now)
        )
    };
}

/// Whether nobody else claims the slug of publish `p`.
macro_rules! slug_is_free {
    () => {
        "(p.slug_key IS NULL
          OR NOT EXISTS (SELECT 1 FROM slug_claim c WHERE c.key = p.slug_key AND c.item <> p.item))"
    };
}

/// Publishes that can be released, or that depend on others (8), in the order in which they became due.
const DUE: &str = concat!(
    "SELECT p.id, p.waits FROM publish p WHERE ",
    is_due!("$1"),
    " AND (p.waits & 8 <> 0 OR ",
    slug_is_free!(),
    ") ORDER BY p.ready_at, p.id LIMIT $2"
);

/// Those of them that still are due.
const STILL_DUE: &str = concat!(
    "SELECT p.id, p.waits, ",
    slug_is_free!(),
    " FROM publish p WHERE p.id = ANY($2) AND ",
    is_due!("$1"),
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

/// What is known of waiting beforehand.
#[derive(Default)]
pub(crate) struct Patience<'a> {
    /// Each class's deadline; without them nobody gives up.
    pub(crate) deadlines: &'a [Deadline],
    /// The cycles that publishes close.
    pub(crate) cycles: BTreeMap<PublishId, Vec<String>>,
}

/// Releases publishes that nothing holds back, and has those wait on or gives those up whose
/// dependencies are not live.
pub(crate) async fn pass(
    session: &Session,
    times: &Times,
    deadlines: &[Deadline],
    limit: i64,
) -> Done<(Released, Effected)> {
    dependencies::wake(session, times, limit).await?;
    let found = session.rows(DUE, &[&times.given(), &limit]).await?;
    if found.is_empty() {
        return Ok((Released::default(), Effected::default()));
    }
    let due: Vec<i64> = found.iter().map(|row| row.read(0)).collect::<Done<_>>()?;
    let depending = depending(&found)?;
    let cycles = match depending.is_empty() {
        true => BTreeMap::new(),
        false => dependencies::cycles(session, &depending).await?,
    };
    session.rows(BEGIN, &[]).await?;
    let patience = Patience { deadlines, cycles };
    let (changes, done) = release(session, times, &due, &patience).await?;
    let effected = changes.effected();
    commit(session, &changes.writes()?).await?;
    Ok((done, effected))
}

/// Those publishes that depend on others.
fn depending(rows: &[Row]) -> Done<Vec<i64>> {
    let mut found = Vec::new();
    for row in rows {
        if row.read::<Waits>(1)?.has(PendingReason::Dependency) {
            found.push(row.read(0)?);
        }
    }
    Ok(found)
}

/// Looks at those of the publishes that are due, within an open transaction that has locked nothing
/// yet but these publishes. The changes are still to be written.
pub(crate) async fn release(
    session: &Session,
    times: &Times,
    publishes: &[i64],
    patience: &Patience<'_>,
) -> Done<(Changes, Released)> {
    let sql = "SELECT DISTINCT item FROM publish WHERE id = ANY($1)";
    let found = session.rows(sql, &[&publishes]).await?;
    let items: Vec<i64> = found.iter().map(|row| row.read(0)).collect::<Done<_>>()?;
    let given = times.given();
    let [_, locked, wanted, due, now] = session
        .each([
            call(items::LOCK_BY_ID, &[&items]),
            call(LOCK_JOBS, &[&items]),
            call(desired::LOCK_OF_ITEMS, &[&items]),
            call(STILL_DUE, &[&given, &publishes]),
            call(NOW, &[&given]),
        ])
        .await?;
    let mut changes = Changes::at(times.read(&now)?);
    changes.know(jobs::read_all(&locked)?);
    changes.desired = desired::read_all(&wanted)?;
    let depending = depending(&due)?;
    let waiters = match depending.is_empty() {
        true => BTreeMap::new(),
        false => dependencies::waiters(session, &depending).await?,
    };
    let mut done = Released::default();
    for row in &due {
        let (publish, slug_is_free): (PublishId, bool) = (row.read(0)?, row.read(2)?);
        let waiter = waiters.get(&publish);
        if let Some(waiter) = waiter.filter(|waiter| !waiter.unmet().is_empty()) {
            let cycle = patience.cycles.get(&publish).map(Vec::as_slice);
            let given_up = dependency::hold_back(&mut changes, waiter, cycle, patience.deadlines)?;
            done.given_up += usize::from(given_up);
        } else if slug_is_free {
            release::release(&mut changes, publish)?;
            done.released += 1;
        }
    }
    Ok((changes, done))
}
