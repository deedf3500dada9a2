//! Claiming due jobs.
//!
//! Ensures that finding jobs costs an index probe however long the queue is, and that the oldest of a
//! want come first. How they are taken is in `take`.

use slugline_core::port::BoxFuture;
use slugline_engine::store::{Claimed, Want};

use super::fault::Done;
use super::gauges::Effected;
use super::jobs::lane_is_free;
use super::line::Operation;
use super::session::Session;
use super::take::{self, Way};
use super::times::{Times, store_now};
use crate::job::select_jobs;

/// Where all of a destination is one lane (2), nothing is looked for while a run has it: without
/// this, a look would walk all of the queue.
macro_rules! is_due {
    ($class:literal) => {
        concat!(
            "j.state = 1 AND j.destination = (SELECT d.id FROM destination d WHERE d.name = $1) AND j.class = ",
            $class,
            " AND j.due <= ",
            store_now!("$2"),
            " AND (SELECT d.lane <> 2 OR NOT EXISTS (SELECT 1 FROM job l WHERE l.destination = d.id AND l.lane = 0
                                                                        AND l.lease_until IS NOT NULL)
                   FROM destination d WHERE d.name = $1) AND ",
            lane_is_free!()
        )
    };
}

const DUE: &str = select_jobs!(
    "JOIN (SELECT due.id FROM (SELECT j.id, j.lane, j.destination FROM job j WHERE ",
    is_due!("$4"),
    " ORDER BY j.due, j.released_at, j.id
      LIMIT (SELECT CASE WHEN d.lane = 2 THEN least($3::bigint, 1) ELSE $3::bigint END FROM destination d WHERE d.name = $1)
      FOR NO KEY UPDATE OF j SKIP LOCKED) due
      WHERE pg_try_advisory_xact_lock(hashint8extended(due.lane, due.destination)) OFFSET 0) due ON due.id = j.id
      ORDER BY j.due, j.released_at, j.id"
);

const NEXT_DUE: &str = concat!(
    "SELECT min(j.due) FROM job j WHERE j.state = 1 AND j.class = $3
       AND j.destination = (SELECT d.id FROM destination d WHERE d.name = $1) AND j.due > ",
    store_now!("$2")
);

const IN_HAND: &str = concat!("SELECT 1 FROM job j WHERE ", is_due!("$3"), " LIMIT 1");

const TAKE: &str = concat!(
    "UPDATE job j SET state = 2, attempts = c.attempts, fence = c.fence, lease_until = c.lease_until, claimed_at = $5
     FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[]) AS c (id, attempts, fence, lease_until)
     WHERE j.id = c.id AND ",
    lane_is_free!(),
    " RETURNING j.id"
);

const WAY: Way = Way {
    due: DUE,
    next_due: NEXT_DUE,
    in_hand: IN_HAND,
    take: TAKE,
    looks: false,
};

/// Takes due jobs for each want, the oldest first.
pub(crate) struct Claim;

impl Operation for Claim {
    type Order = Vec<Want>;
    type Answer = Claimed;
    // Two claims of one node would only stand in each other's lanes.
    const GROUP: usize = 1;
    const WRITERS: usize = 1;

    fn run<'a>(
        session: &'a Session,
        times: &'a Times,
        orders: &'a [Self::Order],
    ) -> BoxFuture<'a, Done<(Vec<Self::Answer>, Effected)>> {
        Box::pin(take::each(session, times, orders, &WAY))
    }
}
