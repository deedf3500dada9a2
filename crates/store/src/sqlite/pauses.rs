//! Pauses: what persons have stopped.
//!
//! Ensures that a pause holds from its transaction on: claims ask in theirs. What is set aside or
//! parked because of it goes on in the transaction that ends it.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use slugline_core::ids::JobId;
use slugline_core::item::Class;
use slugline_core::pause::Pausable;
use slugline_engine::store::{Pause, PauseOrder};

use super::destinations::micros;
use super::fault::Done;
use super::items;
use super::jobs::{self, JobRow};
use super::read::listed;
use super::statements::Statements;
use super::tx::Tx;
use crate::change::control;
use crate::pause::{
    self, ANY, Columns, NO_ITEM, PARKED, REMEMBERED, SELECT, STOPS, Stop, content_is_paused, key_of,
};
use crate::words::Word;

/// What a claim must know.
#[derive(Default)]
pub(crate) struct Active {
    everything: bool,
    destinations: BTreeSet<String>,
    classes: BTreeSet<i64>,
    contents: bool,
}

impl Active {
    /// As it is now.
    pub(crate) fn read(connection: &Connection) -> Done<Self> {
        let mut active = Self::default();
        let sql = "SELECT kind, name FROM pause WHERE ended_at IS NULL AND kind < 3
                   UNION ALL SELECT 3, '' WHERE EXISTS (SELECT 1 FROM pause WHERE ended_at IS NULL AND kind = 3)";
        let found = connection.all(sql, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        for (kind, name) in found {
            match kind {
                0 => active.everything = true,
                1 => drop(active.destinations.insert(name)),
                2 => active.classes.extend(name.parse::<i64>().ok()),
                _ => active.contents = true,
            }
        }
        Ok(active)
    }

    /// Whether nothing begins at a destination.
    pub(crate) fn stops(&self, destination: &str) -> bool {
        self.everything || self.destinations.contains(destination)
    }

    /// Whether nothing of a class begins.
    pub(crate) fn stops_class(&self, class: Class) -> bool {
        self.classes.contains(&class.number())
    }

    /// Whether a job's content is paused.
    pub(crate) fn covers(&self, connection: &Connection, job: &JobRow) -> Done<bool> {
        if !self.contents {
            return Ok(false);
        }
        let sql = concat!(
            "SELECT 1 FROM item i WHERE i.id = ?1 AND ",
            content_is_paused!()
        );
        Ok(connection.one(sql, [job.item], |_| Ok(()))?.is_some())
    }
}

/// Whether anything is paused.
pub(crate) fn is_any(connection: &Connection) -> Done<bool> {
    Ok(connection.one(ANY, [], |_| Ok(()))?.is_some())
}

/// When something wider than a content was stopped.
pub(crate) fn stops(connection: &Connection) -> Done<Vec<Stop>> {
    connection.all(STOPS, [], |row| pause::stop(row))
}

/// The pauses that there are.
pub(crate) fn list(connection: &Connection, owner: Option<&str>) -> Done<Vec<Pause>> {
    let sql =
        format!("{SELECT} AND (kind < 3 OR ?1 IS NULL OR owner = ?1) ORDER BY kind, began_at, id");
    connection.all(&sql, [owner], |row| pause::read(row))
}

fn find(connection: &Connection, of: &Columns) -> Done<Option<Pause>> {
    let sql = format!(
        "{SELECT} AND kind = ?1 AND name = ?2 AND owner = ?3 AND environment = ?4 AND locale = ?5"
    );
    let values = params![
        of.kind.number(),
        of.name,
        of.owner,
        of.environment,
        of.locale
    ];
    connection.one(&sql, values, |row| pause::read(row))
}

/// Pauses something, unless it is paused.
pub(crate) fn begin(tx: &Tx<'_>, order: &PauseOrder) -> Done<Option<Pause>> {
    let columns = Columns::of(&order.of);
    if let Some(known) = find(tx, &columns)? {
        return Ok(Some(known));
    }
    let Some(item) = item_of(tx, &order.of)? else {
        return Ok(None);
    };
    forget(tx)?;
    let sql = "INSERT INTO pause (began_at, kind, name, owner, environment, locale, actor, note)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (
        kind,
        Columns {
            name,
            owner,
            environment,
            locale,
            ..
        },
    ) = (columns.kind.number(), &columns);
    tx.run(
        sql,
        params![
            tx.now.0,
            kind,
            name,
            owner,
            environment,
            locale,
            order.actor,
            order.note
        ],
    )?;
    pause::paused(tx, order, item, &key_of(&order.of)).write(tx)?;
    find(tx, &columns)
}

/// Ends a pause, if there is one.
pub(crate) fn end(mut tx: &Tx<'_>, of: &Pausable, actor: &str) -> Done<bool> {
    let columns = Columns::of(of);
    let sql = "UPDATE pause SET ended_at = ?6 WHERE ended_at IS NULL
               AND kind = ?1 AND name = ?2 AND owner = ?3 AND environment = ?4 AND locale = ?5";
    let (
        kind,
        Columns {
            name,
            owner,
            environment,
            locale,
            ..
        },
    ) = (columns.kind.number(), &columns);
    if tx.run(
        sql,
        params![kind, name, owner, environment, locale, tx.now.0],
    )? == 0
    {
        return Ok(false);
    }
    let item = item_of(tx, of)?.unwrap_or(NO_ITEM);
    pause::resumed(tx, of, actor, item, &key_of(of)).write(tx)?;
    for id in set_aside(tx, of)? {
        if let Some(job) = jobs::load(tx, id)? {
            control::take_up(&mut tx, &job, actor)?;
        }
    }
    take_up_looks(tx)?;
    tx.nudge();
    Ok(true)
}

/// The item that a pause's entries are filed under; `None` where what is named is not known.
fn item_of(tx: &Tx<'_>, of: &Pausable) -> Done<Option<i64>> {
    match of {
        Pausable::Everything | Pausable::Class { .. } => Ok(Some(NO_ITEM)),
        Pausable::Destination { destination } => Ok(tx.destination(destination)?.map(|_| NO_ITEM)),
        Pausable::Content { .. } => Ok(items_of(tx, of)?.first().copied()),
    }
}

/// The items of a content, if it is one.
fn items_of(tx: &Tx<'_>, of: &Pausable) -> Done<Vec<i64>> {
    let Pausable::Content {
        owner,
        environment,
        content_id,
        locale,
    } = of
    else {
        return Ok(Vec::new());
    };
    let hints = items::with_content_id_now(tx, content_id)?;
    let sql = "SELECT id FROM item WHERE id IN (SELECT value FROM json_each(?1)) AND content_id = ?2 AND owner = ?3
               AND environment = ?4 AND (?5 IS NULL OR locale = ?5) ORDER BY id";
    tx.all(
        sql,
        params![listed(&hints), content_id, owner, environment, locale],
        |row| row.get(0),
    )
}

/// Jobs of a content that were set aside: desired state names them.
fn set_aside(tx: &Tx<'_>, of: &Pausable) -> Done<Vec<JobId>> {
    let sql = "SELECT j.id FROM desired w JOIN job j ON j.id = w.job
               WHERE w.item IN (SELECT value FROM json_each(?1)) AND j.state = 0 AND j.released_at IS NOT NULL ORDER BY j.id";
    tx.all(sql, [listed(&items_of(tx, of)?)], |row| {
        row.get(0).map(JobId)
    })
}

/// Has a look wait until somebody resumes something.
pub(crate) fn park(tx: &Tx<'_>, job: &JobRow) -> Done<()> {
    let sql = "UPDATE desired SET look_due_at = ?3 WHERE item = ?1 AND destination = ?2";
    tx.run(sql, [job.item, job.destination, PARKED.0]).map(drop)
}

/// Makes all looks due that were parked: those that are still paused are parked again.
fn take_up_looks(tx: &Tx<'_>) -> Done<()> {
    // By destination, as the index has them.
    let sql = "UPDATE desired SET look_due_at = ?1 WHERE destination IN (SELECT id FROM destination) AND look_due_at = ?2";
    tx.run(sql, [tx.now.0, PARKED.0]).map(drop)
}

/// Forgets pauses that ended long ago.
fn forget(tx: &Tx<'_>) -> Done<()> {
    let before = tx.now.0.saturating_sub(micros(REMEMBERED));
    tx.run("DELETE FROM pause WHERE ended_at < ?1", [before])
        .map(drop)
}
