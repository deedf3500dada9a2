//! Jobs: found by id and by publish.

use rusqlite::{Connection, params};
use slugline_core::ids::{JobId, PublishId};
use slugline_engine::store::{JobDetail, JobView};

use crate::sqlite::fault::Done;
use crate::sqlite::statements::Statements;
use crate::sqlite::task;
use crate::views::jobs::{self, Found, SELECT, SELECT_ATTEMPT, SELECT_DETAIL};

/// The jobs of a publish.
pub(crate) fn of_publish(connection: &Connection, publish: PublishId) -> Done<Vec<JobView>> {
    let sql = format!("{SELECT} WHERE j.publish = ?1 ORDER BY j.id");
    let found = connection.all(&sql, [publish.0], |row| jobs::read(row))?;
    found
        .into_iter()
        .map(|found| with_effects(connection, found))
        .collect()
}

/// A job by its id.
pub(crate) fn view(connection: &Connection, id: JobId) -> Done<Option<JobView>> {
    let found = connection.one(&format!("{SELECT} WHERE j.id = ?1"), [id.0], |row| {
        jobs::read(row)
    })?;
    found
        .map(|found| with_effects(connection, found))
        .transpose()
}

fn with_effects(connection: &Connection, found: Found) -> Done<JobView> {
    Ok(JobView {
        effects: task::effects(connection, found.destination, found.item)?,
        ..found.view
    })
}

/// A job with its publish and its attempts, within an owner.
pub(crate) fn detail(connection: &Connection, owner: &str, id: JobId) -> Done<Option<JobDetail>> {
    let Some(job) = view(connection, id)? else {
        return Ok(None);
    };
    let sql = format!("{SELECT_ATTEMPT} WHERE job = ?1 ORDER BY number");
    let attempts = connection.all(&sql, [id.0], |row| jobs::attempt(row))?;
    let sql = format!("{SELECT_DETAIL} WHERE j.id = ?1 AND i.owner = ?2");
    connection.one(&sql, params![id.0, owner], |row| {
        jobs::detail(row, job, attempts)
    })
}
