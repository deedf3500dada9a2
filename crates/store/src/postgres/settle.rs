//! Settling runs, and prolonging their leases.
//!
//! Ensures that only the holder of the fence settles (P7): jobs are locked before it is looked at,
//! and what is desired is read after that, so that a newer generation is not missed.

use std::collections::BTreeMap;

use slugline_core::ids::JobId;
use slugline_core::port::BoxFuture;
use slugline_engine::store::{Lease, Settlement};

use super::changes::Changes;
use super::destinations::micros;
use super::fault::Done;
use super::gauges::Effected;
use super::line::Operation;
use super::session::{BEGIN, COMMIT, Session, call};
use super::times::{NOW, Times};
use super::write::commit;
use super::{desired, jobs};
use crate::change::settle;
use crate::entry::Dated;
use crate::job::JobRow;

/// Ends runs; `false` for those whose fence is lost.
pub(crate) struct Settle;

impl Operation for Settle {
    type Order = Vec<Settlement>;
    type Answer = Vec<bool>;
    const GROUP: usize = 64;
    const WRITERS: usize = 2;

    fn run<'a>(
        session: &'a Session,
        times: &'a Times,
        orders: &'a [Self::Order],
    ) -> BoxFuture<'a, Done<(Vec<Self::Answer>, Effected)>> {
        Box::pin(settle_all(session, times, orders))
    }
}

async fn settle_all(
    session: &Session,
    times: &Times,
    orders: &[Vec<Settlement>],
) -> Done<(Vec<Vec<bool>>, Effected)> {
    let ids: Vec<i64> = orders
        .iter()
        .flatten()
        .map(|settlement| settlement.job.0)
        .collect();
    let (mut changes, mut leased) = open(session, times, &ids).await?;
    let mut answers = Vec::with_capacity(orders.len());
    for order in orders {
        let settled = order
            .iter()
            .map(|one| settle_one(&mut changes, &mut leased, one));
        answers.push(settled.collect::<Done<_>>()?);
    }
    let effected = changes.effected();
    commit(session, &changes.writes()?).await?;
    Ok((answers, effected))
}

/// Opens a transaction with jobs and what is desired of their items at their destinations, locked.
pub(crate) async fn open(
    session: &Session,
    times: &Times,
    ids: &[i64],
) -> Done<(Changes, BTreeMap<JobId, JobRow>)> {
    let [_, jobs, desired, now] = session
        .each([
            call(BEGIN, &[]),
            call(jobs::LOCK, &[&ids]),
            call(desired::LOCK_OF_JOBS, &[&ids]),
            call(NOW, &[&times.given()]),
        ])
        .await?;
    let mut changes = Changes::at(times.read(&now)?);
    changes.desired = desired::read_all(&desired)?;
    let jobs: BTreeMap<JobId, JobRow> = jobs::read_all(&jobs)?
        .into_iter()
        .map(|job| (job.id, job))
        .collect();
    know_shown(session, &mut changes, &jobs).await?;
    Ok((changes, jobs))
}

/// Adds, locked, what rollbacks may take the place of: it has ended, and its lane is theirs.
async fn know_shown(
    session: &Session,
    changes: &mut Changes,
    jobs: &BTreeMap<JobId, JobRow>,
) -> Done<()> {
    let rollbacks = jobs.values().filter(|job| job.restores.is_some());
    let shown: Vec<i64> = rollbacks
        .filter_map(|job| changes.desired.get(&(job.item, job.destination)))
        .filter_map(|wanted| wanted.state.shown_job)
        .map(|job| job.0)
        .collect();
    if !shown.is_empty() {
        let found = session.rows(jobs::LOCK, &[&shown]).await?;
        changes.know(jobs::read_all(&found)?);
    }
    Ok(())
}

fn settle_one(
    changes: &mut Changes,
    leased: &mut BTreeMap<JobId, JobRow>,
    settlement: &Settlement,
) -> Done<bool> {
    let job = leased.get(&settlement.job);
    let Some(job) = job.filter(|job| job.fence == settlement.fence) else {
        return Ok(false);
    };
    let settled = settle::settle(changes, job, settlement)?;
    if settled {
        leased.remove(&settlement.job);
    }
    Ok(settled)
}

/// Prolongs leases; `false` for those that are lost.
pub(crate) struct Renew;

impl Operation for Renew {
    type Order = Vec<Lease>;
    type Answer = Vec<bool>;
    const GROUP: usize = 64;
    const WRITERS: usize = 1;

    fn run<'a>(
        session: &'a Session,
        times: &'a Times,
        orders: &'a [Self::Order],
    ) -> BoxFuture<'a, Done<(Vec<Self::Answer>, Effected)>> {
        Box::pin(renew_all(session, times, orders))
    }
}

async fn renew_all(
    session: &Session,
    times: &Times,
    orders: &[Vec<Lease>],
) -> Done<(Vec<Vec<bool>>, Effected)> {
    let leases: Vec<&Lease> = orders.iter().flatten().collect();
    let ids: Vec<i64> = leases.iter().map(|lease| lease.job.0).collect();
    let (changes, held) = open(session, times, &ids).await?;
    let is_held = |lease: &&Lease| {
        let job = held.get(&lease.job);
        job.is_some_and(|job| job.fence == lease.fence && job.lease_until.is_some())
    };
    let (renewed, until): (Vec<i64>, Vec<i64>) = leases
        .iter()
        .copied()
        .filter(is_held)
        .map(|lease| {
            (
                lease.job.0,
                changes.now().0.saturating_add(micros(lease.lease)),
            )
        })
        .unzip();
    let sql = "UPDATE job j SET lease_until = c.until FROM unnest($1::bigint[], $2::bigint[]) AS c (id, until)
               WHERE j.id = c.id RETURNING j.id";
    let [_, _] = session
        .each([call(sql, &[&renewed, &until]), call(COMMIT, &[])])
        .await?;
    let answers = orders
        .iter()
        .map(|order| order.iter().map(|lease| is_held(&lease)).collect());
    Ok((answers.collect(), Effected::default()))
}
