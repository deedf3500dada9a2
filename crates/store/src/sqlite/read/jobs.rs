//! Jobs: found by id and by publish.

use rusqlite::params;
use slugline_core::ids::{JobId, PublishId};
use slugline_engine::store::{JobDetail, JobView};

use crate::sqlite::dependencies::{self, Reading};
use crate::sqlite::fault::Done;
use crate::sqlite::statements::Statements;
use crate::sqlite::task;
use crate::views::jobs::{self, Found, SELECT, SELECT_ATTEMPT, SELECT_DETAIL};

/// The jobs of a publish.
pub(crate) fn of_publish(reading: &Reading<'_>, publish: PublishId) -> Done<Vec<JobView>> {
    let sql = format!("{SELECT} WHERE j.publish = ?1 ORDER BY j.id");
    let found = reading
        .connection
        .all(&sql, [publish.0], |row| jobs::read(row))?;
    whole(reading, found)
}

/// A job by its id.
pub(crate) fn view(reading: &Reading<'_>, id: JobId) -> Done<Option<JobView>> {
    let sql = format!("{SELECT} WHERE j.id = ?1");
    let found = reading
        .connection
        .all(&sql, [id.0], |row| jobs::read(row))?;
    Ok(whole(reading, found)?.pop())
}

/// Jobs of one publish with their effects and what it waits for.
fn whole(reading: &Reading<'_>, found: Vec<Found>) -> Done<Vec<JobView>> {
    let waiter = match found.iter().find(|found| found.depends()) {
        Some(found) => dependencies::waiter(reading, found.publish)?,
        None => None,
    };
    let unmet = waiter.map(|waiter| waiter.unmet()).unwrap_or_default();
    let views = found.into_iter().map(|mut found| {
        if found.depends() {
            found.wait_for(unmet.clone());
        }
        Ok(JobView {
            effects: task::effects(reading.connection, found.destination, found.item)?,
            ..found.view
        })
    });
    views.collect()
}

/// A job with its publish and its attempts, within an owner.
pub(crate) fn detail(reading: &Reading<'_>, owner: &str, id: JobId) -> Done<Option<JobDetail>> {
    let Some(job) = view(reading, id)? else {
        return Ok(None);
    };
    let connection = reading.connection;
    let sql = format!("{SELECT_ATTEMPT} WHERE job = ?1 ORDER BY number");
    let attempts = connection.all(&sql, [id.0], |row| jobs::attempt(row))?;
    let sql = format!("{SELECT_DETAIL} WHERE j.id = ?1 AND i.owner = ?2");
    connection.one(&sql, params![id.0, owner], |row| {
        jobs::detail(row, job, attempts)
    })
}
