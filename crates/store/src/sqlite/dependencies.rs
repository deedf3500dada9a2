//! What publishes depend on, while they wait for it.
//!
//! Ensures that whoever goes live says so only where somebody waits, at the price of one look into an
//! index; and that a wake-up is lost only with the transaction that it belongs to.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, params};
use slugline_core::dependency::{Coming, CycleSearch, Place};
use slugline_core::ids::PublishId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::PendingReason;

use super::column::Waits;
use super::fault::Done;
use super::items;
use super::names::Names;
use super::statements::Statements;
use super::tx::Tx;
use crate::accepting::content_name;
use crate::waiter::{self, SELECT, Waiter, places};

/// Who can find items by their content ids: a reader, or the writer in its transaction.
pub(crate) trait Finder {
    /// The file.
    fn file(&self) -> &Connection;

    /// Hints to the items with this content id, whoever owns them.
    fn with_content_id(&self, content_id: &str) -> Done<Vec<i64>>;
}

/// A reader.
pub(crate) struct Reading<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) names: &'a Names,
}

impl Finder for Reading<'_> {
    fn file(&self) -> &Connection {
        self.connection
    }

    fn with_content_id(&self, content_id: &str) -> Done<Vec<i64>> {
        items::with_content_id(self.connection, self.names, content_id)
    }
}

impl Finder for Tx<'_> {
    fn file(&self) -> &Connection {
        self
    }

    fn with_content_id(&self, content_id: &str) -> Done<Vec<i64>> {
        items::with_content_id_now(self, content_id)
    }
}

/// Notes what a publish depends on.
pub(crate) fn insert(tx: &Tx<'_>, publish: PublishId, key: &ItemKey, ids: &[String]) -> Done<()> {
    let sql =
        "INSERT INTO dependency (publish, place, content, content_id) VALUES (?1, ?2, ?3, ?4)";
    for (place, id) in ids.iter().enumerate() {
        let content = content_name(&key.owner, &key.environment, id);
        tx.run(sql, params![publish.0, place, content, id])?;
    }
    Ok(())
}

/// Forgets what a publish depends on that waits for nothing any more, and will not again.
pub(crate) fn forget(tx: &Tx<'_>, publish: PublishId) -> Done<()> {
    let sql = "DELETE FROM dependency WHERE publish = (SELECT id FROM publish WHERE id = ?1 AND waits = 0 AND held = 0)";
    tx.run(sql, [publish.0]).map(drop)
}

const PLACES: &str = places!(
    "",
    "WHERE i.id = ?1 AND i.content_id = ?2 AND i.owner = ?3 AND i.environment = ?4"
);

const NOTED: &str = "SELECT 1 FROM noted WHERE content_id = ?1 AND owner = ?2 AND environment = ?3 AND is_there = 1";

/// The places of a content, beside an item of the same owner and environment.
pub(crate) fn places(finder: &impl Finder, beside: &ItemKey, content_id: &str) -> Done<Vec<Place>> {
    let mut found = Vec::new();
    for item in finder.with_content_id(content_id)? {
        let named = params![item, content_id, beside.owner, beside.environment];
        found.extend(finder.file().all(PLACES, named, |row| waiter::place(row))?);
    }
    let named = params![content_id, beside.owner, beside.environment];
    let noted = finder.file().one(NOTED, named, |_| Ok(()))?;
    found.extend(noted.map(|()| Place::at_its_source()));
    Ok(found)
}

/// A publish that waits, with what it depends on.
pub(crate) fn waiter(finder: &impl Finder, publish: PublishId) -> Done<Option<Waiter>> {
    let file = finder.file();
    let found = file.one(&format!("{SELECT} WHERE p.id = ?1"), [publish.0], |row| {
        waiter::read(row)
    })?;
    let Some(found) = found else {
        return Ok(None);
    };
    let at = "SELECT t.name FROM job j JOIN destination t ON t.id = j.destination WHERE j.publish = ?1 AND j.state = 0";
    let needs = "SELECT content_id FROM dependency WHERE publish = ?1 ORDER BY place";
    let ids: Vec<String> = file.all(needs, [publish.0], |row| row.get(0))?;
    let with_places = |id: String| Ok((id.clone(), places(finder, &found.key, &id)?));
    Ok(Some(Waiter {
        destinations: file.all(at, [publish.0], |row| row.get(0))?,
        needs: ids.into_iter().map(with_places).collect::<Done<_>>()?,
        ..found
    }))
}

/// How contents may go live, by owner, environment and content id, as long as nothing changes.
pub(crate) type Known = BTreeMap<(String, String, String), Coming>;

/// The cycle that a publish closes, if it closes one. `known`: what searches before have found.
pub(crate) fn cycle(
    finder: &impl Finder,
    waiter: &Waiter,
    known: &mut Known,
) -> Done<Option<Vec<String>>> {
    let mut search = CycleSearch::from(&waiter.key.content_id);
    loop {
        let wanted = search.wanted();
        if wanted.is_empty() {
            return Ok(search.closed_by(waiter.publish));
        }
        for content_id in wanted {
            let beside = &waiter.key;
            let (owner, environment) = (beside.owner.clone(), beside.environment.clone());
            let coming = match known.entry((owner, environment, content_id.clone())) {
                Entry::Occupied(found) => found.get().clone(),
                Entry::Vacant(place) => place.insert(coming(finder, beside, &content_id)?).clone(),
            };
            search.learn(content_id, coming);
        }
    }
}

/// How a content may go live, beside an item of the same owner and environment.
fn coming(finder: &impl Finder, beside: &ItemKey, content_id: &str) -> Done<Coming> {
    // Removals (1, 2) bring nothing; queued jobs (1) and those under way (2) wait for nothing else.
    let released = "SELECT 1 FROM desired w JOIN job j ON j.id = w.job
                    WHERE w.item = ?1 AND w.action NOT IN (1, 2) AND j.state IN (1, 2)";
    let waiting =
        "SELECT id, waits FROM publish WHERE item = ?1 AND waits <> 0 AND action NOT IN (1, 2)";
    let mut coming = Coming::default();
    for item in items_of(finder, beside, content_id)? {
        coming.unhindered |= finder.file().one(released, [item], |_| Ok(()))?.is_some();
        for (publish, waits) in finder.file().all(waiting, [item], |row| {
            Ok((PublishId(row.get(0)?), Waits(row.get(1)?)))
        })? {
            match waiter(finder, publish)? {
                Some(waiter) if waits.has(PendingReason::Dependency) => {
                    coming.waiting.push((publish, waiter.unmet()));
                }
                _ => coming.unhindered = true,
            }
        }
    }
    Ok(coming)
}

fn items_of(finder: &impl Finder, beside: &ItemKey, content_id: &str) -> Done<Vec<i64>> {
    let sql =
        "SELECT id FROM item WHERE id = ?1 AND content_id = ?2 AND owner = ?3 AND environment = ?4";
    let hints = finder.with_content_id(content_id)?;
    let found = hints.into_iter().map(|hint| {
        let named = params![hint, content_id, beside.owner, beside.environment];
        finder.file().one(sql, named, |row| row.get(0))
    });
    found.filter_map(Done::transpose).collect()
}

const ARRIVE: &str = "INSERT INTO arrival (content) SELECT ?1 WHERE EXISTS (SELECT 1 FROM dependency WHERE content = ?1)";

/// Notes that a content shows something new, if somebody waits for it.
pub(crate) fn arrive(tx: &Tx<'_>, key: &ItemKey) -> Done<()> {
    let content = content_name(&key.owner, &key.environment, &key.content_id);
    tx.run(ARRIVE, [content]).map(drop)
}

/// Whether anything arrived that somebody waits for.
pub(crate) fn has_arrivals(connection: &Connection) -> Done<bool> {
    let found = connection.one("SELECT 1 FROM arrival", [], |_| Ok(()))?;
    Ok(found.is_some())
}

/// A CROSS JOIN is walked in the order in which it stands.
const WOKEN: &str = "SELECT DISTINCT p.id FROM arrival a CROSS JOIN dependency d ON d.content = a.content
    CROSS JOIN publish p ON p.id = d.publish WHERE p.waits <> 0 AND p.ready_at > max(?1, coalesce(p.publish_at, 0)) LIMIT ?2";

/// Has publishes looked at again that wait for what arrived. Those beyond the limit are left for the
/// next pass, with the arrivals.
pub(crate) fn wake(tx: &Tx<'_>, limit: usize) -> Done<()> {
    let woken: Vec<i64> = tx.all(WOKEN, params![tx.now.0, limit], |row| row.get(0))?;
    let sql = "UPDATE publish SET ready_at = max(?2, coalesce(publish_at, 0)) WHERE id = ?1";
    for publish in &woken {
        tx.run(sql, [*publish, tx.now.0])?;
    }
    if woken.len() < limit {
        tx.run("DELETE FROM arrival", [])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::plan;

    #[test]
    fn whoever_goes_live_looks_into_an_index_and_no_further() {
        let plan = plan(ARRIVE);
        assert!(
            plan.contains("SEARCH dependency EXISTS USING COVERING INDEX dependency_content"),
            "{plan}"
        );
        assert!(!plan.contains("SCAN dependency"), "{plan}");
    }

    #[test]
    fn waking_walks_arrivals_and_not_who_waits() {
        let plan = plan(WOKEN);
        assert!(plan.contains("INDEX dependency_content"), "{plan}");
        assert!(
            plan.contains("SEARCH p USING INTEGER PRIMARY KEY"),
            "{plan}"
        );
    }
}
