//! Releasing publishes that nothing holds back any more.
//!
//! Ensures that what a pass finds is looked at once more by the writer. What a release means is in
//! `change`.

use rusqlite::{Row, params};
use slugline_core::ids::PublishId;
use slugline_core::lifecycle::PendingReason;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Deadline, Released};

use super::column::Waits;
use super::dependencies::{self, Finder, Known, Reading};
use super::fault::Done;
use super::slugs;
use super::statements::Statements;
use super::tx::Tx;
use crate::change::{dependency, release};
use crate::short_name::ShortName;
use crate::waiter::Waiter;

/// When a publish is looked at: its time (?1) has come and its media are kept. Then it waits at most
/// for what it depends on and for its slug (`slug_key`).
const IS_DUE: &str = "waits <> 0 AND ready_at <= ?1 AND fetch_at IS NULL";

/// A publish to be looked at.
struct Waiting {
    publish: PublishId,
    item: i64,
    slug_key: Option<ShortName>,
    waits: Waits,
}

impl Waiting {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            publish: PublishId(row.get(0)?),
            item: row.get(1)?,
            slug_key: row.get(2)?,
            waits: Waits(row.get(3)?),
        })
    }

    /// The publish with what it depends on, if not all of that is live.
    fn unmet(&self, finder: &impl Finder) -> Done<Option<Waiter>> {
        if !self.waits.has(PendingReason::Dependency) {
            return Ok(None);
        }
        let waiter = dependencies::waiter(finder, self.publish)?;
        Ok(waiter.filter(|waiter| !waiter.unmet().is_empty()))
    }
}

/// A publish for the writer to deal with.
pub(crate) struct Due {
    publish: PublishId,
    /// Whether it was seen to close a cycle: the writer does not search for one otherwise.
    closes_cycle: bool,
}

impl Due {
    /// One that nothing is known of.
    pub(crate) fn of(publish: PublishId) -> Self {
        Self {
            publish,
            closes_cycle: false,
        }
    }
}

fn due_sql() -> String {
    format!("SELECT id, item, slug_key, waits FROM publish WHERE {IS_DUE} ORDER BY ready_at, id")
}

/// Publishes that can be released or whose dependencies are not live, in the order in which they
/// became due.
pub(crate) fn due(reading: &Reading<'_>, now: Timestamp, limit: usize) -> Done<Vec<Due>> {
    let sql = due_sql();
    let mut statement = reading.connection.prepare_cached(&sql)?;
    let mut rows = statement.query([now.0])?;
    let (mut due, mut known) = (Vec::new(), Known::new());
    while let Some(row) = rows.next()?
        && due.len() < limit
    {
        let waiting = Waiting::read(row)?;
        let mut found = Due::of(waiting.publish);
        if let Some(waiter) = waiting.unmet(reading)? {
            found.closes_cycle = dependencies::cycle(reading, &waiter, &mut known)?.is_some();
        } else if let Some(key) = &waiting.slug_key {
            let claims = reading.names.find(reading.connection, *key)?;
            if slugs::is_taken(reading.connection, &claims, key, waiting.item)? {
                continue;
            }
        }
        due.push(found);
    }
    Ok(due)
}

/// Releases those of the publishes that still can be, and has those wait on or gives those up whose
/// dependencies are still not live.
pub(crate) fn release(mut tx: &Tx<'_>, due: &[Due], deadlines: &[Deadline]) -> Done<Released> {
    let sql = format!("SELECT id, item, slug_key, waits FROM publish WHERE id = ?2 AND {IS_DUE}");
    let mut done = Released::default();
    for due in due {
        let Some(waiting) = tx.one(&sql, params![tx.now.0, due.publish.0], Waiting::read)? else {
            continue;
        };
        if let Some(waiter) = waiting.unmet(tx)? {
            let cycle = match due.closes_cycle {
                true => dependencies::cycle(tx, &waiter, &mut Known::new())?,
                false => None,
            };
            let given_up = dependency::hold_back(&mut tx, &waiter, cycle.as_deref(), deadlines)?;
            done.given_up += usize::from(given_up);
        } else if !waits_for_slug(tx, &waiting)? {
            release::release(&mut tx, waiting.publish)?;
            done.released += 1;
        }
    }
    Ok(done)
}

fn waits_for_slug(tx: &Tx<'_>, waiting: &Waiting) -> Done<bool> {
    match &waiting.slug_key {
        Some(key) => slugs::is_taken(tx, &tx.named(*key)?, key, waiting.item),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::plan;

    #[test]
    fn a_pass_walks_nobody_who_sleeps() {
        let plan = plan(&due_sql());
        assert!(
            plan.contains("SEARCH publish USING INDEX publish_ready (ready_at<?)"),
            "{plan}"
        );
    }
}
