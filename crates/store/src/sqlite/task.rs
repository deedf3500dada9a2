//! What a run needs, gathered for a job that was just taken.
//!
//! Ensures that a run starts from one moment's view: what is desired now, what was shown, and the
//! effects that earlier runs recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::Connection;
use slugline_core::connector::Shown;
use slugline_core::ids::JobId;
use slugline_core::lifecycle::{Delivering, JobState};
use slugline_core::version::Generation;
use slugline_engine::store::ClaimedJob;

use super::column::Json;
use super::desired::{self, Desired};
use super::fault::{Done, Fault};
use super::jobs::JobRow;
use super::revisions;
use super::statements::Statements;
use crate::task::Task;

/// The task of a job that a run has taken. `ended`: the state that a second look finds it in.
pub(crate) fn gather(
    connection: &Connection,
    job: JobRow,
    taken: &Delivering,
    lease: Duration,
    ended: Option<JobState>,
) -> Done<ClaimedJob> {
    let body = revisions::body_for(connection, &job)?;
    let desired = desired::load(connection, job.item, job.destination)?;
    let shown = desired
        .as_ref()
        .map(|desired| shown(connection, desired))
        .transpose()?
        .flatten();
    let task = Task {
        body,
        newest: desired.as_ref().map(|desired| desired.generation),
        shown,
        undisturbed: desired.as_ref().is_some_and(|desired| desired.undisturbed),
        adopted: adopted(connection, job.item, job.destination)?,
        owes_look: desired.is_some_and(|desired| desired.look_owed),
        effects: effects(connection, job.destination, job.item)?,
    };
    task.of(job, taken, lease, ended).map_err(Fault::Unreadable)
}

/// The fingerprint of what a person said to leave as it is.
fn adopted(connection: &Connection, item: i64, destination: i64) -> Done<Option<String>> {
    let sql = "SELECT adopted FROM desired WHERE item = ?1 AND destination = ?2";
    let found = connection.one(sql, [item, destination], |row| row.get(0))?;
    Ok(found.flatten())
}

type ShownAt = (Generation, Shown);

fn shown(connection: &Connection, desired: &Desired) -> Done<Option<ShownAt>> {
    let (Some(generation), Some(job)) = (desired.shown_generation, desired.shown_job) else {
        return Ok(None);
    };
    Ok(Some((
        generation,
        shown_by(connection, job)?.unwrap_or_default(),
    )))
}

/// What a job was last verified to show.
pub(crate) fn shown_by(connection: &Connection, job: JobId) -> Done<Option<Shown>> {
    let sql = "SELECT shown FROM job WHERE id = ?1";
    let found = connection.one(sql, [job.0], |row| row.get::<_, Option<Json<Shown>>>(0))?;
    Ok(found.flatten().map(|shown| shown.0))
}

/// The effects of an item at a destination.
pub(crate) fn effects(
    connection: &Connection,
    destination: i64,
    item: i64,
) -> Done<BTreeMap<String, String>> {
    let sql = "SELECT key, result_ref FROM effect WHERE destination = ?1 AND item = ?2";
    Ok(connection
        .all(sql, [destination, item], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .into_iter()
        .collect())
}
