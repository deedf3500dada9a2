//! Names: how rows are found under what is random (keys, request ids, items, slugs).
//!
//! Ensures that giving a name costs no page of its own: an insert under a random key dirties one,
//! so names are kept in memory and in a list that grows at its end, and go into their tree many at a
//! time and in its order. After a crash the list says which were still in memory.
//!
//! A name is a hint: it may lead to a row that is gone, and whoever follows it looks at the row.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rusqlite::{Connection, params};

use super::drawers::Drawers;
use super::fault::Done;
use super::statements::Statements;
use crate::short_name::ShortName;

/// Names in memory from which on they go into the tree: enough that each page of a tree of millions
/// takes several at once, and about 10 MiB.
const MANY: usize = 131_072;
/// Names that a commit puts into the tree for each that it adds: the tree keeps up, and no commit does
/// much more than another.
const PACE: usize = 1;
/// Bytes of one entry of the list: the name and its row's number.
const ENTRY: usize = 24;

/// A name and the number of the row that it leads to.
pub(crate) type Named = (ShortName, i64);

/// What a transaction does to names.
#[derive(Default)]
pub(crate) struct NameChanges {
    /// Given to rows.
    pub(crate) given: BTreeSet<Named>,
    /// Whose rows are gone. The list may bring them back after a crash, as hints that lead nowhere.
    pub(crate) forgotten: Vec<Named>,
}

impl NameChanges {
    fn is_empty(&self) -> bool {
        self.given.is_empty() && self.forgotten.is_empty()
    }
}

/// What is to be remembered of a transaction once it is committed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    /// The end of the list.
    listed: i64,
    /// The last name that went into the tree, if one did.
    moved: Option<Named>,
}

/// The names that are in memory; shared by the writer and the readers.
#[derive(Default)]
pub(crate) struct Names {
    recent: RwLock<Recent>,
}

#[derive(Default)]
struct Recent {
    /// Given since the last move began.
    new: Drawers,
    /// On their way into the tree, or there already: they stay until the next move begins, for readers
    /// whose view of the file is older than the end of this one.
    moving: Drawers,
    /// Up to which the move has come; `None` once it is over.
    moved: Option<Named>,
    /// The end of the list when the move began.
    listed: i64,
}

impl Names {
    /// Those that the list says were in memory.
    pub(crate) fn load(connection: &Connection) -> Done<Self> {
        let lists = connection.all("SELECT names FROM recent_name ORDER BY id", [], |row| {
            row.get::<_, Vec<u8>>(0)
        })?;
        let mut recent = Recent::default();
        for named in lists.iter().flat_map(|list| unlisted(list)) {
            recent.new.insert(named);
        }
        Ok(Self {
            recent: RwLock::new(recent),
        })
    }

    /// Numbers of the rows with this name, the newest first.
    pub(crate) fn find(&self, connection: &Connection, name: ShortName) -> Done<Vec<i64>> {
        Ok(numbers(&self.between(connection, &(name..=name))?))
    }

    /// Names in this range, those of the newest rows first.
    pub(crate) fn between(
        &self,
        connection: &Connection,
        range: &RangeInclusive<ShortName>,
    ) -> Done<Vec<Named>> {
        let mut found = self.read().between(range);
        let sql = "SELECT name, number FROM name WHERE name BETWEEN ?1 AND ?2";
        found.extend(
            connection.all(sql, params![range.start(), range.end()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?,
        );
        Ok(newest_first(found))
    }

    /// Writes down what a transaction named, and puts some of the older names into the tree.
    pub(crate) fn keep(&self, connection: &Connection, changes: &NameChanges) -> Done<Kept> {
        for (name, number) in &changes.forgotten {
            let sql = "DELETE FROM name WHERE name = ?1 AND number = ?2";
            connection.run(sql, params![name, number])?;
        }
        if changes.given.is_empty() {
            return Ok(Kept::default());
        }
        let sql = "INSERT INTO recent_name (names) VALUES (?1)";
        connection.run(sql, [listed(&changes.given)])?;
        Ok(Kept {
            listed: connection.last_insert_rowid(),
            moved: self.move_some(connection, changes.given.len() * PACE)?,
        })
    }

    /// Puts the next names into the tree; up to which, unless none was left.
    fn move_some(&self, connection: &Connection, limit: usize) -> Done<Option<Named>> {
        let recent = self.read();
        let Some(moved) = recent.moved else {
            return Ok(None);
        };
        let mut last = None;
        for named in recent.moving.after(moved).take(limit) {
            let sql = "INSERT OR IGNORE INTO name (name, number) VALUES (?1, ?2)";
            connection.run(sql, params![named.0, named.1])?;
            last = Some(named);
        }
        if last.is_none() {
            connection.run("DELETE FROM recent_name WHERE id <= ?1", [recent.listed])?;
        }
        Ok(last)
    }

    /// Takes over what a committed transaction named and forgot.
    pub(crate) fn take_over(&self, changes: NameChanges, kept: &Kept) {
        if changes.is_empty() {
            return;
        }
        let mut recent = self.write();
        for named in &changes.forgotten {
            recent.new.remove(named);
            recent.moving.remove(named);
        }
        if !changes.given.is_empty() {
            for named in changes.given {
                recent.new.insert(named);
            }
            recent.moved = recent.moved.and(kept.moved);
        }
        if recent.moved.is_none() && recent.new.len() >= MANY {
            recent.moving = std::mem::take(&mut recent.new);
            recent.moved = Some((ShortName::default(), i64::MIN));
            recent.listed = kept.listed;
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Recent> {
        self.recent.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    fn between(&self, range: &RangeInclusive<ShortName>) -> Vec<Named> {
        let new = self.new.between(range);
        new.chain(self.moving.between(range)).collect()
    }
}

/// Those whose names are in the range.
pub(crate) fn between<'a>(
    names: &'a BTreeSet<Named>,
    range: &RangeInclusive<ShortName>,
) -> impl Iterator<Item = Named> + use<'a> {
    let range = (*range.start(), i64::MIN)..=(*range.end(), i64::MAX);
    names.range(range).copied()
}

/// Each name once, those of the newest rows first.
pub(crate) fn newest_first(mut names: Vec<Named>) -> Vec<Named> {
    names.sort_unstable_by_key(|(name, number)| (std::cmp::Reverse(*number), *name));
    names.dedup();
    names
}

/// The numbers that names lead to.
pub(crate) fn numbers(names: &[Named]) -> Vec<i64> {
    names.iter().map(|(_, number)| *number).collect()
}

fn listed(names: &BTreeSet<Named>) -> Vec<u8> {
    names
        .iter()
        .flat_map(|(name, number)| name.iter().copied().chain(number.to_be_bytes()))
        .collect()
}

fn unlisted(list: &[u8]) -> impl Iterator<Item = Named> {
    list.chunks_exact(ENTRY).filter_map(|entry| {
        let (name, number) = entry.split_first_chunk::<16>()?;
        Some((*name, i64::from_be_bytes(number.try_into().ok()?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    fn file() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        connection
    }

    fn named(number: i64) -> Named {
        (crate::short_name::of(&[&number.to_string()]), number)
    }

    /// As the writer does it.
    fn commit(names: &Names, connection: &Connection, given: Vec<Named>, forgotten: Vec<Named>) {
        let changes = NameChanges {
            given: given.into_iter().collect(),
            forgotten,
        };
        let kept = names.keep(connection, &changes).unwrap();
        names.take_over(changes, &kept);
    }

    fn in_tree(connection: &Connection) -> i64 {
        let sql = "SELECT count(*) FROM name";
        connection.one(sql, [], |row| row.get(0)).unwrap().unwrap()
    }

    /// Gives so many names that a move is over and the next begins.
    fn filled(connection: &Connection) -> (Names, i64) {
        let names = Names::default();
        let (mut next, mut moves) = (0, BTreeSet::new());
        while moves.len() < 3 {
            let group = (next..next + 4_096).map(named).collect();
            commit(&names, connection, group, Vec::new());
            next += 4_096;
            moves.insert(names.read().listed);
        }
        (names, next)
    }

    #[test]
    fn every_name_leads_to_its_row_before_during_and_after_a_move() {
        let connection = file();
        let (names, given) = filled(&connection);
        assert!(in_tree(&connection) >= i64::try_from(MANY).unwrap());
        let reopened = Names::load(&connection).unwrap();
        assert!(reopened.read().new.len() < usize::try_from(given).unwrap());
        for number in (0..given).step_by(97) {
            let wanted = vec![number];
            assert_eq!(names.find(&connection, named(number).0).unwrap(), wanted);
            assert_eq!(reopened.find(&connection, named(number).0).unwrap(), wanted);
        }
    }

    #[test]
    fn a_crash_in_the_middle_of_a_move_loses_no_name() {
        let connection = file();
        let names = Names::default();
        let many = i64::try_from(MANY).unwrap();
        commit(
            &names,
            &connection,
            (0..many).map(named).collect(),
            Vec::new(),
        );
        commit(
            &names,
            &connection,
            (many..many + 10).map(named).collect(),
            Vec::new(),
        );
        assert_eq!(in_tree(&connection), 10);
        let reopened = Names::load(&connection).unwrap();
        for number in (0..many + 10).step_by(61) {
            let found = reopened.find(&connection, named(number).0).unwrap();
            assert_eq!(found, vec![number]);
        }
    }

    #[test]
    fn a_forgotten_name_leads_nowhere() {
        let connection = file();
        let (names, given) = filled(&connection);
        let (old, new) = (named(5), named(given));
        commit(&names, &connection, vec![new], Vec::new());
        commit(&names, &connection, Vec::new(), vec![old, new]);
        for name in [old.0, new.0] {
            assert_eq!(names.find(&connection, name).unwrap(), Vec::<i64>::new());
        }
    }

    #[test]
    fn rows_that_share_a_name_come_newest_first() {
        let connection = file();
        let names = Names::default();
        let name = named(1).0;
        commit(&names, &connection, vec![(name, 3), (name, 7)], Vec::new());
        commit(&names, &connection, vec![(name, 5)], Vec::new());
        assert_eq!(names.find(&connection, name).unwrap(), vec![7, 5, 3]);
    }
}
