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
use super::pauses::{class_runs, destination_runs};
use super::session::Session;
use super::take::{self, Way, about, taken_with_entries, wants};
use super::times::{Times, store_now};
use crate::job::select_jobs;
use crate::pause::content_is_paused;

/// Whether job `j` is due for a want.
macro_rules! is_due {
    () => {
        concat!(
            "j.state = 1 AND j.destination = want.destination AND j.class = want.class AND j.due <= ",
            store_now!("$2"),
            " AND ",
            lane_is_free!()
        )
    };
}

/// Wants that may find something: not those of a paused class. Where all of a destination is one lane (2), nothing is looked for
/// while a run has it: without this, a look would walk all of the queue.
macro_rules! open_wants {
    () => {
        concat!(
            wants!(),
            " WHERE ", class_runs!(), " AND (w.lane <> 2 OR NOT EXISTS (SELECT 1 FROM job l WHERE l.destination = w.id AND l.lane = 0
                                                                      AND l.lease_until IS NOT NULL)) OFFSET 0"
        )
    };
}

const DUE: &str = select_jobs!(
    "JOIN (SELECT due.id, want.place FROM (",
    open_wants!(),
    ") want CROSS JOIN LATERAL (SELECT j.id, j.lane FROM job j WHERE ",
    is_due!(),
    " ORDER BY j.due, j.released_at, j.id LIMIT CASE WHEN want.lane = 2 THEN least(want.room, 1) ELSE want.room END
      FOR NO KEY UPDATE OF j SKIP LOCKED) due
      WHERE pg_try_advisory_xact_lock(hashint8extended(due.lane, want.destination)) OFFSET 0) due ON due.id = j.id
      ORDER BY due.place, j.due, j.released_at, j.id"
);

const ABOUT: &str = about!(
    concat!(
        "SELECT min(next.due) FROM (",
        wants!(),
        ") want CROSS JOIN LATERAL (SELECT j.due FROM job j WHERE j.state = 1 AND j.destination = want.destination
           AND j.class = want.class AND j.due > ",
        store_now!("$2"),
        " ORDER BY j.due LIMIT 1) next"
    ),
    "kind = 3"
);

const IN_HAND: &str = concat!(
    "SELECT 1 FROM (",
    open_wants!(),
    ") want CROSS JOIN LATERAL (SELECT 1 FROM job j WHERE ",
    is_due!(),
    " ORDER BY j.due LIMIT 1) due LIMIT 1"
);

const TAKE: &str = taken_with_entries!(
    "UPDATE job j SET state = 2, attempts = c.attempts, fence = c.fence, lease_until = c.lease_until, claimed_at = $5
     FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[]) AS c (id, attempts, fence, lease_until)
     WHERE j.id = c.id AND j.fence = c.fence - 1 AND ",
    lane_is_free!(),
    " RETURNING j.id"
);

const WAY: Way = Way {
    due: DUE,
    about: ABOUT,
    in_hand: IN_HAND,
    take: TAKE,
    paused: select_jobs!(
        "WHERE j.id = ANY($1) AND ",
        content_is_paused!(),
        " ORDER BY j.id FOR NO KEY UPDATE OF j"
    ),
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
