//! Erasing an item's words.
//!
//! Ensures that nobody publishes the item meanwhile. What is erased is in `crate::erasing`. Does not see to what the
//! database's files and archives still hold: rows that are gone lie in its pages until it vacuums them.

use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Erased, Erasure};

use super::fault::Done;
use super::items;
use super::rows::Writing;
use super::session::Session;
use crate::erasing::{self, Dialect};
use crate::record::Record;

const DIALECT: Dialect = Dialect {
    entries: "SELECT event_group, CAST(place AS BIGINT), text FROM event WHERE publish IN (SELECT id FROM publish WHERE item = $1)
              UNION ALL SELECT event_group, CAST(place AS BIGINT), text FROM event WHERE item = $1 AND publish IS NULL",
    rewrite: "UPDATE event SET text = $3, digest = coalesce(digest, $4)
              WHERE event_group = $1 AND place = CAST($2 AS BIGINT) RETURNING 1",
    uses: "SELECT DISTINCT sha256 FROM revision_media WHERE item = $1",
    unuse: "DELETE FROM revision_media WHERE item = $1 RETURNING 1",
    // A submission that names it holds its row until its revision is there.
    hold: "SELECT 1 FROM media WHERE sha256 = $1 FOR UPDATE",
};

/// Erases an item's words.
pub(crate) async fn erase(
    session: &Session,
    now: Timestamp,
    erasure: &Erasure,
) -> Done<Result<Erased, Problem>> {
    let sql = "SELECT id FROM item WHERE owner = $1 AND environment = $2 AND content_id = $3 AND locale = $4";
    let key = &erasure.item;
    let named: [super::session::Param<'_>; 4] =
        [&key.owner, &key.environment, &key.content_id, &key.locale];
    let Some(row) = session.one(sql, &named).await? else {
        return Ok(Err(erasing::unknown(erasure)));
    };
    let item: i64 = row.read(0)?;
    let writing = Writing::begin(session).await?;
    session.rows(items::LOCK_BY_ID, &[&vec![item]]).await?;
    let done = erasing::erase(&writing, now, &DIALECT, item, erasure).await?;
    writing.commit().await?;
    Ok(done.map(|done| done.erased))
}
