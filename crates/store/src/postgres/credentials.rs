//! Credentials that rotate, and the right to renew them.
//!
//! Ensures that one node at a time renews, by the database's clock, and that what a node learns after
//! its right was taken over is not kept. Sees sealed bytes only.

use std::time::Duration;

use bytes::Bytes;
use slugline_core::ids::Fence;
use slugline_engine::store::{KeptCredential, RefreshEnd, RefreshOutcome, RefreshRight};

use super::destinations::micros;
use super::fault::Done;
use super::session::Session;
use super::times::store_now;
use crate::record::Record;

/// The newest credential of a line.
pub(crate) async fn newest(session: &Session, name: &str) -> Done<Option<KeptCredential>> {
    let sql = "SELECT number, sealed FROM credential WHERE name = $1 AND sealed IS NOT NULL";
    let found = session.one(sql, &[&name]).await?;
    found
        .map(|row| {
            Ok(KeptCredential {
                number: row.read(0)?,
                sealed: row.try_get::<_, Vec<u8>>(1)?.into(),
            })
        })
        .transpose()
}

/// Takes the right, unless the line is further, refused or held: its row is locked, so that of two
/// nodes the second sees what the first made of it.
const TAKE: &str = concat!(
    "INSERT INTO credential AS c (name, fence, held_until) SELECT $1, 1, n.now + $3 FROM (SELECT ",
    store_now!("$4"),
    " AS now) n
    ON CONFLICT (name) DO UPDATE SET fence = c.fence + 1, held_until = excluded.held_until
    WHERE c.number <= $2 AND coalesce(c.refused_until, 0) <= excluded.held_until - $3
          AND coalesce(c.held_until, 0) <= excluded.held_until - $3
    RETURNING fence"
);

/// How far a line is, and whether the destination has refused a renewal lately.
const WHY_NOT: &str = concat!(
    "SELECT number, coalesce(refused_until, 0) > ",
    store_now!("$2"),
    " FROM credential WHERE name = $1"
);

/// Takes the right to replace the credential of this number.
pub(crate) async fn begin(
    session: &Session,
    given: Option<i64>,
    name: &str,
    number: i64,
    lease: Duration,
) -> Done<RefreshRight> {
    let lease = micros(lease);
    if let Some(row) = session.one(TAKE, &[&name, &number, &lease, &given]).await? {
        return Ok(RefreshRight::Taken(Fence(row.read(0)?)));
    }
    let Some(row) = session.one(WHY_NOT, &[&name, &given]).await? else {
        return Ok(RefreshRight::Held);
    };
    let (reached, refused): (i64, bool) = (row.read(0)?, row.try_get(1)?);
    Ok(match (reached > number, refused) {
        (true, _) => RefreshRight::Renewed,
        (false, true) => RefreshRight::Refused,
        (false, false) => RefreshRight::Held,
    })
}

/// Ends a right that was not taken over; each value stays as it is where none is given.
const END: &str = concat!(
    "UPDATE credential SET held_until = NULL, number = coalesce($3, number), sealed = coalesce($4, sealed),
            refused_until = CASE WHEN $3 IS NULL THEN coalesce($5 + ",
    store_now!("$6"),
    ", refused_until) END
    WHERE name = $1 AND fence = $2 AND held_until IS NOT NULL RETURNING fence"
);

/// Ends a renewal; `false` when its right is lost.
pub(crate) async fn end(session: &Session, given: Option<i64>, end: &RefreshEnd) -> Done<bool> {
    let (renewed, patience) = match &end.outcome {
        RefreshOutcome::Renewed(kept) => (Some(kept), None),
        RefreshOutcome::Refused(patience) => (None, Some(micros(*patience))),
        RefreshOutcome::GivenUp => (None, None),
    };
    let number = renewed.map(|kept| kept.number);
    let sealed = renewed.map(|kept| Bytes::as_ref(&kept.sealed));
    let ended = session
        .one(
            END,
            &[&end.name, &end.fence.0, &number, &sealed, &patience, &given],
        )
        .await?;
    Ok(ended.is_some())
}
