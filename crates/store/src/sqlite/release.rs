//! Releasing publishes that nothing holds back any more.
//!
//! Ensures that what a pass finds is looked at once more by the writer. What a release means is in
//! `change`.

use rusqlite::{Connection, Row, params};
use slugline_core::ids::PublishId;
use slugline_core::time::Timestamp;

use super::fault::Done;
use super::names::Names;
use super::slugs;
use super::statements::Statements;
use super::tx::Tx;
use crate::change::release;
use crate::short_name::ShortName;

/// When nothing holds a publish back, if its slug (`slug_key`) is free: its time (?1) has come and its
/// media are kept.
const IS_READY: &str = "waits <> 0 AND ready_at <= ?1 AND fetch_at IS NULL";

/// A publish that waits at most for its slug.
struct Waiting {
    publish: PublishId,
    item: i64,
    slug_key: Option<ShortName>,
}

impl Waiting {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            publish: PublishId(row.get(0)?),
            item: row.get(1)?,
            slug_key: row.get(2)?,
        })
    }
}

/// Publishes that can be released, in the order in which they became ready.
pub(crate) fn ready(
    connection: &Connection,
    names: &Names,
    now: Timestamp,
    limit: usize,
) -> Done<Vec<PublishId>> {
    let sql =
        format!("SELECT id, item, slug_key FROM publish WHERE {IS_READY} ORDER BY ready_at, id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([now.0])?;
    let mut ready = Vec::new();
    while let Some(row) = rows.next()?
        && ready.len() < limit
    {
        let waiting = Waiting::read(row)?;
        let is_taken = match &waiting.slug_key {
            Some(key) => {
                let claims = names.find(connection, *key)?;
                slugs::is_taken(connection, &claims, key, waiting.item)?
            }
            None => false,
        };
        if !is_taken {
            ready.push(waiting.publish);
        }
    }
    Ok(ready)
}

/// Releases those of the publishes that are still ready; how many.
pub(crate) fn release(mut tx: &Tx<'_>, publishes: &[PublishId]) -> Done<usize> {
    let sql = format!("SELECT id, item, slug_key FROM publish WHERE id = ?2 AND {IS_READY}");
    let mut released = 0;
    for publish in publishes {
        let waiting = tx.one(&sql, params![tx.now.0, publish.0], Waiting::read)?;
        if let Some(waiting) = waiting
            && !waits_for_slug(tx, &waiting)?
        {
            release::release(&mut tx, waiting.publish)?;
            released += 1;
        }
    }
    Ok(released)
}

fn waits_for_slug(tx: &Tx<'_>, waiting: &Waiting) -> Done<bool> {
    match &waiting.slug_key {
        Some(key) => slugs::is_taken(tx, &tx.named(*key)?, key, waiting.item),
        None => Ok(false),
    }
}
