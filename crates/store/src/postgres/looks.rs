//! Claiming second looks.
//!
//! Ensures that a look takes the lane like any run, keeps the state that the job ended in, and comes
//! only once the newest job of its item at its destination has ended.

use slugline_core::port::BoxFuture;
use slugline_engine::store::{Claimed, Want};

use super::fault::Done;
use super::gauges::Effected;
use super::jobs::lane_is_free;
use super::line::Operation;
use super::pauses::destination_runs;
use super::session::Session;
use super::take::{self, Way, about, taken_with_entries, wants};
use super::times::{Times, store_now};
use crate::job::select_jobs;
use crate::pause::content_is_paused;

macro_rules! is_due {
    () => {
        concat!(
            "w.destination = want.destination AND w.look_due_at <= ",
            store_now!("$2"),
            " AND j.state >= 3 AND ",
            lane_is_free!()
        )
    };
}

const DUE: &str = select_jobs!(
    "JOIN (SELECT due.id, due.look_due_at, want.place FROM (",
    wants!(),
    ") want CROSS JOIN LATERAL (SELECT j.id, j.lane, w.look_due_at FROM desired w JOIN job j ON j.id = w.job WHERE ",
    is_due!(),
    " ORDER BY w.look_due_at LIMIT want.room FOR NO KEY UPDATE OF j SKIP LOCKED) due
      WHERE pg_try_advisory_xact_lock(hashint8extended(due.lane, want.destination)) OFFSET 0) due ON due.id = j.id
      ORDER BY due.place, due.look_due_at, j.id"
);

const ABOUT: &str = about!(
    concat!(
        "SELECT min(next.look_due_at) FROM (",
        wants!(),
        ") want CROSS JOIN LATERAL (SELECT w.look_due_at FROM desired w WHERE w.destination = want.destination
           AND w.look_due_at > ",
        store_now!("$2"),
        " ORDER BY w.look_due_at LIMIT 1) next"
    ),
    "kind IN (2, 3)"
);

const IN_HAND: &str = concat!(
    "SELECT 1 FROM (",
    wants!(),
    ") want CROSS JOIN LATERAL (SELECT 1 FROM desired w JOIN job j ON j.id = w.job WHERE ",
    is_due!(),
    " ORDER BY w.look_due_at LIMIT 1) due LIMIT 1"
);

/// Its attempts stay: a look is not another try.
const TAKE: &str = taken_with_entries!(
    "UPDATE job j SET attempts = c.attempts, fence = c.fence, lease_until = c.lease_until, claimed_at = $5
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
        "WHERE j.id = ANY($1) AND (EXISTS (SELECT 1 FROM pause c WHERE c.ended_at IS NULL AND c.kind = 2
                                           AND c.name = j.class::text) OR ",
        content_is_paused!(),
        ") ORDER BY j.id FOR NO KEY UPDATE OF j"
    ),
    looks: true,
};

/// Takes looks that are due, for each want.
pub(crate) struct Looks;

impl Operation for Looks {
    type Order = Vec<Want>;
    type Answer = Claimed;
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
