//! What publishes wait for: how that ends, and begins again.
//!
//! Ensures that one that was given up remembers what it waited for. Who waits is decided in `change`.

use slugline_core::lifecycle::PendingReason;
use slugline_core::time::Timestamp;

use super::write::{Write, columns, write};
use crate::words::bit;

/// They wait for nothing any more, unless one of their jobs does. What they waited for is remembered for those
/// that are dead letters: a retry waits again.
pub(crate) fn stop(publishes: Vec<i64>) -> Option<Write<'static>> {
    // 4: failed.
    let sql = "UPDATE publish p SET waits = 0, fetch_at = NULL,
                      held = CASE WHEN waits <> 0 AND EXISTS (SELECT 1 FROM job j WHERE j.publish = p.id AND j.state = 4) THEN waits ELSE held END
               WHERE p.id = ANY($1) AND NOT EXISTS (SELECT 1 FROM job j WHERE j.publish = p.id AND j.state = 0)";
    (!publishes.is_empty()).then(|| write(sql, columns![publishes]))
}

/// They wait for nothing any more; those with a time were released then.
pub(crate) fn end(done: Vec<(i64, Option<i64>)>) -> Option<Write<'static>> {
    let sql = "UPDATE publish p SET waits = 0, released_at = c.released_at
               FROM unnest($1::bigint[], $2::bigint[]) AS c (id, released_at) WHERE p.id = c.id";
    let (ids, released): (Vec<i64>, Vec<Option<i64>>) = done.into_iter().unzip();
    (!ids.is_empty()).then(|| write(sql, columns![ids, released]))
}

/// They are not looked at before these times.
pub(crate) fn look_again(looks: Vec<(i64, i64)>) -> Option<Write<'static>> {
    let sql = "UPDATE publish p SET ready_at = c.at FROM unnest($1::bigint[], $2::bigint[]) AS c (id, at) WHERE p.id = c.id";
    let (ids, at): (Vec<i64>, Vec<i64>) = looks.into_iter().unzip();
    (!ids.is_empty()).then(|| write(sql, columns![ids, at]))
}

/// They stop waiting without having got what they waited for.
pub(crate) fn give_up(publishes: Vec<i64>) -> Option<Write<'static>> {
    let sql = "UPDATE publish SET held = waits, waits = 0, fetch_at = NULL WHERE id = ANY($1) AND waits <> 0";
    (!publishes.is_empty()).then(|| write(sql, columns![publishes]))
}

/// They wait again for what they waited for.
pub(crate) fn again(publishes: Vec<i64>, now: Timestamp) -> Option<Write<'static>> {
    let sql =
        "UPDATE publish SET waits = held, held = 0, ready_at = $2, waits_since = $2, fetches = 0,
                      fetch_at = CASE WHEN held & $3::int <> 0 THEN $2::bigint END
               WHERE id = ANY($1) AND held <> 0";
    let media = i32::try_from(bit(PendingReason::Media)).unwrap_or(0);
    (!publishes.is_empty()).then(|| write(sql, columns![publishes, now.0, media]))
}
