//! The destinations that the configuration has made known.
//!
//! Ensures that a name keeps its number for ever: jobs, effects and desired state refer to it.

use std::time::Duration;

use rusqlite::{Connection, Row, params};
use slugline_core::lane::LaneScope;
use slugline_core::pace::Pace;
use slugline_engine::store::Registration;

use super::column::{Col, Json};
use super::fault::Done;
use super::slots;
use super::statements::Statements;
use super::tx::Tx;

/// A destination as it is stored.
pub(crate) struct Known {
    /// Its number.
    pub(crate) id: i64,
    /// Its name.
    pub(crate) name: String,
    /// What must be serial there.
    pub(crate) lane: LaneScope,
    /// When publishes may begin there.
    pub(crate) pace: Option<Pace>,
}

/// Makes destinations known. Jobs that are open keep the lane they were given.
pub(crate) fn register(tx: &Tx<'_>, destinations: &[Registration]) -> Done<()> {
    let sql = "INSERT INTO destination (name, lane, request_timeout, commit_window, pace) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (name) DO UPDATE SET lane = excluded.lane, request_timeout = excluded.request_timeout,
                                                commit_window = excluded.commit_window, pace = excluded.pace";
    tx.forget_destinations();
    for destination in destinations {
        if let Some(known) = find(tx, &destination.name)?
            && known.pace != destination.pace
        {
            slots::take_back(tx, known.id)?;
        }
        tx.run(
            sql,
            params![
                destination.name,
                Col(destination.lane),
                micros(destination.request_timeout),
                destination.commit_window.map(micros),
                destination.pace.as_ref().map(Json)
            ],
        )?;
    }
    Ok(())
}

/// The destination of this name.
pub(crate) fn find(connection: &Connection, name: &str) -> Done<Option<Known>> {
    connection.one(
        "SELECT id, name, lane, pace FROM destination WHERE name = ?1",
        [name],
        read,
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<Known> {
    Ok(Known {
        id: row.get(0)?,
        name: row.get(1)?,
        lane: row.get::<_, Col<_>>(2)?.0,
        pace: row.get::<_, Option<Json<_>>>(3)?.map(|pace| pace.0),
    })
}

/// A duration as a column: microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
