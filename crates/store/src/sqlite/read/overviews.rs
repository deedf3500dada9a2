//! What people oversee the rest with.
//!
//! Ensures that each reading walks no more rows than its limit.

use rusqlite::{Connection, ToSql, params, params_from_iter};
use slugline_core::time::Timestamp;
use slugline_engine::store::{
    ContentFilter, ITEMS_COUNTED, Listed, Page, Paged, PublishView, Ran, Span, Standing,
    WAITING_LOOKED_AT,
};

use super::{listed as numbers, publishes};
use crate::sqlite::dependencies::Reading;
use crate::sqlite::fault::Done;
use crate::sqlite::statements::Statements;
use crate::views::list::rows;
use crate::views::overviews::{
    self as views, PENDING, SELECT, SELECT_DESIRED, SELECT_NEWEST, STANDING,
};
use crate::views::publishes as publish_views;

const RUNS: &str = "SELECT a.outcome, a.ended_at, p.accepted_at, p.publish_at, i.owner FROM
    (SELECT job, outcome, ended_at FROM attempt WHERE ended_at >= ?1 AND ended_at < ?2 ORDER BY ended_at LIMIT ?3) a
    JOIN job j ON j.id = a.job JOIN publish p ON p.id = j.publish JOIN item i ON i.id = j.item";

/// Items, newest first.
pub(crate) fn contents(
    connection: &Connection,
    filter: &ContentFilter,
    page: &Page,
) -> Done<Paged<Listed>> {
    let last = "SELECT coalesce(max(id), 0) FROM item";
    let last: i64 = connection.one(last, [], |row| row.get(0))?.unwrap_or(0);
    let (wanted, floor) = views::wanted(filter, page, last);
    let sql = format!(
        "{SELECT} {} ORDER BY i.id DESC LIMIT {}",
        wanted.clause(),
        rows(page)
    );
    let found = connection.all(&sql, params_from_iter(wanted.values()), |row| {
        views::listed(row)
    })?;
    let found = views::walked(found, page, floor, |(_, view)| view.place);
    let (publishes, items): (Vec<i64>, Vec<Listed>) = found.items.into_iter().unzip();
    let places: Vec<i64> = items.iter().map(|view| view.place).collect();
    let at = |select: &str, column: &str, of: &[i64]| {
        let sql = format!("{select} WHERE {column} IN (SELECT value FROM json_each(?1))");
        connection.all(&sql, [numbers(of)], |row| views::at(row))
    };
    let desired = at(SELECT_DESIRED, "w.item", &places)?;
    let newest = at(SELECT_NEWEST, "j.publish", &publishes)?;
    Ok(Paged {
        items: views::with_places(items, desired, newest),
        next_cursor: found.next_cursor,
    })
}

/// How the newest items stand.
pub(crate) fn standing(connection: &Connection, owner: &str) -> Done<Vec<Standing>> {
    let values = params![owner, ITEMS_COUNTED];
    let standing = connection.all(STANDING, values, |row| views::standing(row))?;
    let values = params![ITEMS_COUNTED, owner];
    let pending = connection.all(PENDING, values, |row| views::pending(row))?;
    Ok(views::together(standing, pending))
}

/// What runs came to in each span.
pub(crate) fn spans(connection: &Connection, owner: &str, spans: &[Span]) -> Done<Vec<Ran>> {
    let ran = spans.iter().map(|span| {
        let values = params![span.from.0, span.until.0, views::runs()];
        let runs = connection.all(RUNS, values, |row| views::run(row, 0))?;
        Ok(views::ran(runs, owner))
    });
    ran.collect()
}

/// Publishes with a time that lies ahead, the next first.
pub(crate) fn upcoming(
    reading: &Reading<'_>,
    owner: &str,
    now: Timestamp,
    limit: usize,
) -> Done<Vec<PublishView>> {
    let values = params![now.0, WAITING_LOOKED_AT, owner, limit];
    publishes_of(reading, UPCOMING, values)
}

/// Publishes that were given a slot within a span.
pub(crate) fn slots(
    reading: &Reading<'_>,
    owner: &str,
    span: Span,
    limit: usize,
) -> Done<Vec<PublishView>> {
    let values = params![span.from.0, span.until.0, owner, limit];
    publishes_of(reading, SLOTS, values)
}

fn publishes_of(
    reading: &Reading<'_>,
    wanted: &str,
    values: &[&dyn ToSql],
) -> Done<Vec<PublishView>> {
    let sql = format!("{} {wanted}", publish_views::SELECT);
    let found = reading
        .connection
        .all(&sql, values, |row| publish_views::read(row))?;
    found
        .into_iter()
        .map(|found| publishes::with_jobs(reading, found))
        .collect()
}

const UPCOMING: &str = "WHERE p.id IN (SELECT id FROM publish WHERE waits <> 0 AND ready_at > ?1 ORDER BY ready_at LIMIT ?2)
    AND p.publish_at > ?1 AND i.owner = ?3 ORDER BY p.publish_at, p.id LIMIT ?4";

// CROSS JOIN keeps this order: destination by destination, only what waits for a slot.
const SLOTS: &str = "WHERE p.id IN (SELECT w.publish FROM destination d CROSS JOIN desired w ON w.destination = d.id
    JOIN job j ON j.id = w.job JOIN item o ON o.id = w.item
    WHERE w.slot_at >= ?1 AND w.slot_at < ?2 AND o.owner = ?3 AND j.state = 1 AND j.fence = 0
    ORDER BY w.slot_at LIMIT ?4) ORDER BY p.id";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::plan;

    #[test]
    fn each_walks_an_index() {
        let plan = [
            plan(RUNS),
            plan(STANDING),
            plan(PENDING),
            plan(&format!("{} {UPCOMING}", publish_views::SELECT)),
            plan(&format!("{} {SLOTS}", publish_views::SELECT)),
        ]
        .join("\n");
        assert!(
            plan.contains("attempt_age (ended_at>? AND ended_at<?)"),
            "{plan}"
        );
        assert!(plan.contains("publish_ready (ready_at>?)"), "{plan}");
        assert!(plan.contains("desired_slot (destination=?"), "{plan}");
        assert!(plan.contains("w USING PRIMARY KEY (item>?)"), "{plan}");
        assert!(plan.contains("job_waiting (state=?)"), "{plan}");
        assert!(
            !plan.contains("SCAN attempt") && !plan.contains("SCAN publish"),
            "{plan}"
        );
    }
}
