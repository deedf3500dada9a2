//! Releasing publishes that nothing holds back any more.
//!
//! Ensures that desired state is written at release and at no other moment, and that a lower
//! generation released after a higher one is superseded itself.

use rusqlite::{Connection, params};
use slugline_core::event::EventType;
use slugline_core::ids::PublishId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::Queued;
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;

use super::desired::{self, Placing};
use super::fault::Done;
use super::jobs::{self, JobRow};
use super::log::Entry;
use super::statements::Statements;
use super::tx::Tx;

/// When nothing holds a publish back: its time (?1) has come, its media are kept, and nobody else
/// claims its slug.
const IS_READY: &str = "p.waits <> 0 AND p.ready_at <= ?1 AND p.fetch_at IS NULL
    AND (p.slug_key IS NULL OR NOT EXISTS (SELECT 1 FROM slug_claim c WHERE c.key = p.slug_key AND c.item <> p.item))";

/// Publishes that can be released, in the order in which they became ready.
pub(crate) fn ready(connection: &Connection, now: Timestamp, limit: usize) -> Done<Vec<PublishId>> {
    let sql =
        format!("SELECT p.id FROM publish p WHERE {IS_READY} ORDER BY p.ready_at, p.id LIMIT ?2");
    connection.all(&sql, params![now.0, limit], |row| row.get(0).map(PublishId))
}

/// Releases those of the publishes that are still ready; how many.
pub(crate) fn release(tx: &Tx<'_>, publishes: &[PublishId]) -> Done<usize> {
    let sql = format!("SELECT 1 FROM publish p WHERE p.id = ?2 AND {IS_READY}");
    let mut released = 0;
    for publish in publishes {
        if tx
            .one(&sql, params![tx.now.0, publish.0], |_| Ok(()))?
            .is_some()
        {
            release_one(tx, *publish)?;
            released += 1;
        }
    }
    Ok(released)
}

fn release_one(tx: &Tx<'_>, publish: PublishId) -> Done<()> {
    let mut released: Option<JobRow> = None;
    for job in jobs::pending(tx, publish)? {
        let placing = Placing {
            job: job.id,
            publish,
            item: job.item,
            destination: job.destination,
            generation: job.generation,
            action: job.action,
        };
        match desired::place(tx, &placing)? {
            Some(newer) => job.supersede(tx, Some(newer))?,
            None => {
                job.queue(
                    tx,
                    &Queued {
                        attempts: 0,
                        due: tx.now,
                    },
                    None,
                )?;
                released = Some(job);
            }
        }
    }
    let released_at = released.as_ref().map(|_| tx.now.0);
    let sql = "UPDATE publish SET waits = 0, released_at = ?2 WHERE id = ?1";
    tx.run(sql, params![publish.0, released_at])?;
    match released {
        Some(job) => log_released(
            tx,
            publish,
            job.item,
            &job.key,
            &job.request_id,
            job.generation,
        ),
        None => Ok(()),
    }
}

/// Writes down that a publish's generation is desired now.
pub(crate) fn log_released(
    tx: &Tx<'_>,
    publish: PublishId,
    item: i64,
    key: &ItemKey,
    request_id: &str,
    generation: Generation,
) -> Done<()> {
    let entry = Entry::new(tx, EventType::Released, "released", item, key);
    entry
        .publish(publish, request_id)
        .detail("generation", generation)
        .write(tx)
}
