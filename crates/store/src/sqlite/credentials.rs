//! Credentials that rotate, and the right to renew them.
//!
//! Ensures that one node at a time renews, by the writer's clock, and that what a node learns after
//! its right was taken over is not kept. Sees sealed bytes only.

use std::time::Duration;

use bytes::Bytes;
use rusqlite::{Connection, Row, params};
use slugline_core::ids::Fence;
use slugline_core::time::Timestamp;
use slugline_engine::store::{KeptCredential, RefreshEnd, RefreshOutcome, RefreshRight};

use super::column::At;
use super::fault::Done;
use super::statements::Statements;
use super::tx::Tx;

/// The newest credential of a line.
pub(crate) fn newest(connection: &Connection, name: &str) -> Done<Option<KeptCredential>> {
    let sql = "SELECT number, sealed FROM credential WHERE name = ?1 AND sealed IS NOT NULL";
    connection.one(sql, [name], |row| {
        Ok(KeptCredential {
            number: row.get(0)?,
            sealed: row.get::<_, Vec<u8>>(1)?.into(),
        })
    })
}

/// What decides who may renew.
#[derive(Default)]
struct Line {
    number: i64,
    fence: i64,
    held_until: Option<Timestamp>,
    refused_until: Option<Timestamp>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        number: row.get(0)?,
        fence: row.get(1)?,
        held_until: row.get::<_, Option<At>>(2)?.map(|at| at.0),
        refused_until: row.get::<_, Option<At>>(3)?.map(|at| at.0),
    })
}

/// Takes the right to replace the credential of this number.
pub(crate) fn begin(tx: &Tx<'_>, name: &str, number: i64, lease: Duration) -> Done<RefreshRight> {
    let sql = "SELECT number, fence, held_until, refused_until FROM credential WHERE name = ?1";
    let line = tx.one(sql, [name], read)?.unwrap_or_default();
    let lies_ahead = |until: Option<Timestamp>| until.is_some_and(|until| tx.now < until);
    if line.number > number {
        return Ok(RefreshRight::Renewed);
    }
    if lies_ahead(line.refused_until) {
        return Ok(RefreshRight::Refused);
    }
    if lies_ahead(line.held_until) {
        return Ok(RefreshRight::Held);
    }
    let sql = "INSERT INTO credential (name, fence, held_until) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET fence = excluded.fence, held_until = excluded.held_until";
    let fence = Fence(line.fence + 1);
    tx.run(sql, params![name, fence.0, tx.now.plus(lease).0])?;
    Ok(RefreshRight::Taken(fence))
}

/// Ends a renewal; `false` when its right is lost.
pub(crate) fn end(tx: &Tx<'_>, end: &RefreshEnd) -> Done<bool> {
    let RefreshEnd {
        name,
        fence: Fence(fence),
        outcome,
    } = end;
    let changed = match outcome {
        RefreshOutcome::Renewed(KeptCredential { number, sealed }) => {
            let sql = "UPDATE credential SET number = ?3, sealed = ?4, held_until = NULL, refused_until = NULL
                       WHERE name = ?1 AND fence = ?2 AND held_until IS NOT NULL";
            tx.run(sql, params![name, fence, number, Bytes::as_ref(sealed)])?
        }
        RefreshOutcome::Refused(patience) => {
            let sql = "UPDATE credential SET held_until = NULL, refused_until = ?3
                       WHERE name = ?1 AND fence = ?2 AND held_until IS NOT NULL";
            tx.run(sql, params![name, fence, tx.now.plus(*patience).0])?
        }
        RefreshOutcome::GivenUp => {
            let sql = "UPDATE credential SET held_until = NULL
                       WHERE name = ?1 AND fence = ?2 AND held_until IS NOT NULL";
            tx.run(sql, params![name, fence])?
        }
    };
    Ok(changed > 0)
}
