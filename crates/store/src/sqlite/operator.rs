//! Carrying out what people order.
//!
//! Ensures that an order is decided on what the writer's transaction sees, so that of two people who do
//! the same at once one finds it done.

use rusqlite::{Connection, params};
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Problem;
use slugline_core::version::Generation;
use slugline_engine::store::JobOrder;

use super::fault::Done;
use super::items;
use super::jobs;
use super::names::Names;
use super::slugs;
use super::statements::Statements;
use super::tx::Tx;
use crate::change::operator;
use crate::ordered::{is_within, unknown};

/// Does what is ordered, one after the other.
pub(crate) fn act(mut tx: &Tx<'_>, orders: &[JobOrder]) -> Done<Vec<Result<JobState, Problem>>> {
    let mut answers = Vec::with_capacity(orders.len());
    for order in orders {
        answers.push(match jobs::load(tx, order.job)? {
            Some(job) => match is_within(&job, order) {
                Ok(()) => {
                    let answer = operator::carry_out(&mut tx, &job, order)?;
                    if operator::takes_back(&answer) {
                        slugs::give_back(tx, job.item)?;
                    }
                    answer
                }
                Err(problem) => Err(problem),
            },
            None => Err(unknown(order)),
        });
    }
    Ok(answers)
}

/// The newest generation below this one that was live at a destination and can be shown again.
pub(crate) fn last_good(
    connection: &Connection,
    names: &Names,
    item: &ItemKey,
    destination: &str,
    below: Generation,
) -> Done<Option<Generation>> {
    // 3: live; 0: a publish.
    let sql = "SELECT coalesce(p.restores, p.generation) FROM publish p JOIN job j ON j.publish = p.id JOIN destination d ON d.id = j.destination
               JOIN revision r ON r.item = p.item AND r.generation = p.generation
               JOIN item i ON i.id = p.item
               WHERE p.item = ?1 AND i.owner = ?2 AND i.environment = ?3 AND i.content_id = ?4 AND i.locale = ?5
                 AND d.name = ?6 AND p.generation < coalesce((SELECT max(b.restores) FROM publish b WHERE b.item = i.id AND b.generation = ?7), ?7) AND j.state = 3 AND j.action = 0 AND r.payload IS NOT NULL
               ORDER BY p.generation DESC LIMIT 1";
    for id in items::with_content_id(connection, names, &item.content_id)? {
        let asked = params![
            id,
            item.owner,
            item.environment,
            item.content_id,
            item.locale,
            destination,
            below.0
        ];
        let found = connection.one(sql, asked, |row| row.get::<_, Option<i64>>(0))?;
        if let Some(generation) = found.flatten() {
            return Ok(Some(Generation(generation)));
        }
    }
    Ok(None)
}
