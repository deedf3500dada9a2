//! One transaction of the writer, as the operations see it.
//!
//! Ensures that what a group of orders shares (its time, the next place in the log, the names that it
//! gave, what it did to the number of open jobs) lives and dies with the transaction, so that nothing
//! in memory can be ahead of the file.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::{Deref, RangeInclusive};
use std::rc::Rc;

use rusqlite::Connection;
use slugline_core::item::Class;
use slugline_core::time::Timestamp;

use super::destinations::{self, Known};
use super::fault::Done;
use super::names::{Kept, NameChanges, Named, Names, between, newest_first, numbers};
use super::statements::Statements;
use crate::short_name::ShortName;

/// An open transaction.
pub(crate) struct Tx<'c> {
    connection: &'c Connection,
    /// The store's time for all that happens in it.
    pub(crate) now: Timestamp,
    next_seq: Cell<i64>,
    next_publish: Cell<Option<i64>>,
    next_item: Cell<Option<i64>>,
    destinations: RefCell<HashMap<String, Rc<Known>>>,
    names: &'c Names,
    renamed: RefCell<NameChanges>,
    opened: Cell<i64>,
    nudge: Cell<bool>,
    hurries: Cell<bool>,
}

/// What a committed transaction changed outside the file.
#[derive(Default)]
pub(crate) struct Effected {
    /// Jobs that became open, less those that ended.
    pub(crate) opened: i64,
    /// Whether jobs may have become due, or lanes free.
    pub(crate) nudge: bool,
    /// The names that it gave and forgot.
    pub(crate) renamed: NameChanges,
    /// What is to be remembered of writing them down.
    pub(crate) kept: Kept,
    /// The last place of the log.
    pub(crate) log_end: i64,
}

/// The last place of the log. Erased segments have no entries left, and their numbers are not given
/// out again.
pub(crate) fn log_end(connection: &Connection) -> Done<i64> {
    let sql = "SELECT max((SELECT coalesce(max(seq), 0) FROM event), (SELECT coalesce(max(last), 0) FROM segment))";
    Ok(connection.one(sql, [], |row| row.get(0))?.unwrap_or(0))
}

impl<'c> Tx<'c> {
    /// Looks up where the log ends; the transaction must be open.
    pub(crate) fn begun(
        connection: &'c Connection,
        names: &'c Names,
        now: Timestamp,
    ) -> Done<Self> {
        let next_seq = log_end(connection)? + 1;
        Ok(Self {
            connection,
            now,
            next_seq: Cell::new(next_seq),
            next_publish: Cell::new(None),
            next_item: Cell::new(None),
            destinations: RefCell::default(),
            names,
            renamed: RefCell::default(),
            opened: Cell::new(0),
            nudge: Cell::new(false),
            hurries: Cell::new(false),
        })
    }

    /// Takes the next place in the log.
    pub(crate) fn take_seq(&self) -> i64 {
        self.next_seq.replace(self.next_seq.get() + 1)
    }

    /// Takes the next publish's number.
    pub(crate) fn take_publish(&self) -> Done<i64> {
        self.take_number(
            &self.next_publish,
            "SELECT coalesce(max(id), 0) + 1 FROM publish",
        )
    }

    /// Takes the next item's number.
    pub(crate) fn take_item(&self) -> Done<i64> {
        self.take_number(&self.next_item, "SELECT coalesce(max(id), 0) + 1 FROM item")
    }

    /// The file is asked once per transaction: no one else gives numbers meanwhile.
    fn take_number(&self, next: &Cell<Option<i64>>, first: &str) -> Done<i64> {
        let number = match next.get() {
            Some(number) => number,
            None => self.one(first, [], |row| row.get(0))?.unwrap_or(1),
        };
        next.set(Some(number + 1));
        Ok(number)
    }

    /// The destination of this name.
    pub(crate) fn destination(&self, name: &str) -> Done<Option<Rc<Known>>> {
        if let Some(known) = self.destinations.borrow().get(name) {
            return Ok(Some(Rc::clone(known)));
        }
        let found = destinations::find(self, name)?.map(Rc::new);
        if let Some(known) = &found {
            let mut destinations = self.destinations.borrow_mut();
            destinations.insert(name.to_owned(), Rc::clone(known));
        }
        Ok(found)
    }

    /// Knows no destination any more: they have changed.
    pub(crate) fn forget_destinations(&self) {
        self.destinations.borrow_mut().clear();
    }

    /// Numbers of the rows with this name, the newest first.
    pub(crate) fn named(&self, name: ShortName) -> Done<Vec<i64>> {
        Ok(numbers(&self.named_between(&(name..=name))?))
    }

    /// Names in this range, those of the newest rows first.
    pub(crate) fn named_between(&self, range: &RangeInclusive<ShortName>) -> Done<Vec<Named>> {
        let mut found = self.names.between(self, range)?;
        found.extend(between(&self.renamed.borrow().given, range));
        Ok(newest_first(found))
    }

    /// Names a row.
    pub(crate) fn give(&self, name: ShortName, number: i64) {
        self.renamed.borrow_mut().given.insert((name, number));
    }

    /// Forgets the name of a row that is gone.
    pub(crate) fn forget(&self, name: ShortName, number: i64) {
        let mut renamed = self.renamed.borrow_mut();
        renamed.given.remove(&(name, number));
        renamed.forgotten.push((name, number));
    }

    /// Notes that open jobs appeared (positive) or ended (negative).
    pub(crate) fn count_open(&self, jobs: i64) {
        self.opened.set(self.opened.get() + jobs);
    }

    /// Notes that jobs may have become due, or lanes free.
    pub(crate) fn nudge(&self) {
        self.nudge.set(true);
    }

    /// Notes what class of work was done: what is urgent is committed at once.
    pub(crate) fn did(&self, class: Class) {
        self.hurries
            .set(self.hurries.get() || class == Class::Urgent);
    }

    /// Whether urgent work was done.
    pub(crate) fn hurries(&self) -> bool {
        self.hurries.get()
    }

    /// Writes down what the orders left for the end; what the transaction changes outside the file,
    /// to be applied once it is committed.
    pub(crate) fn ended(self) -> Done<Effected> {
        let renamed = self.renamed.into_inner();
        Ok(Effected {
            opened: self.opened.get(),
            nudge: self.nudge.get(),
            log_end: self.next_seq.get() - 1,
            kept: self.names.keep(self.connection, &renamed)?,
            renamed,
        })
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}
