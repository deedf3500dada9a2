//! Settling runs, and prolonging their leases.
//!
//! Ensures that only the holder of the fence settles (P7). What its end means is in `change`.

use slugline_core::ids::Fence;
use slugline_engine::store::{Lease, Settlement};

use super::fault::Done;
use super::jobs;
use super::statements::Statements;
use super::tx::Tx;
use crate::change::settle;

/// Ends runs; `false` for those whose fence is lost.
pub(crate) fn settle(mut tx: &Tx<'_>, settlements: &[Settlement]) -> Done<Vec<bool>> {
    let settle_one = |settlement: &Settlement| {
        tx.did(settlement.class);
        match jobs::leased(tx, settlement.job, settlement.fence)? {
            Some(job) => settle::settle(&mut tx, &job, settlement),
            None => Ok(false),
        }
    };
    settlements.iter().map(settle_one).collect()
}

/// Prolongs leases; `false` for those that are lost.
pub(crate) fn renew(tx: &Tx<'_>, leases: &[Lease]) -> Done<Vec<bool>> {
    leases.iter().map(|lease| renew_one(tx, lease)).collect()
}

fn renew_one(tx: &Tx<'_>, lease: &Lease) -> Done<bool> {
    let (until, Fence(fence)) = (tx.now.plus(lease.lease), lease.fence);
    let sql =
        "UPDATE job SET lease_until = ?3 WHERE id = ?1 AND fence = ?2 AND lease_until IS NOT NULL";
    Ok(tx.run(sql, [lease.job.0, fence, until.0])? > 0)
}
