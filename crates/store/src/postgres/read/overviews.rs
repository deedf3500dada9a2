//! What people oversee the rest with.
//!
//! Ensures that each reading walks no more rows than its limit.

use std::collections::BTreeMap;

use slugline_core::time::Timestamp;
use slugline_engine::store::{
    ContentFilter, ITEMS_COUNTED, Listed, Page, Paged, PublishView, Ran, Span, Standing,
    WAITING_LOOKED_AT,
};

use super::publishes;
use crate::postgres::fault::Done;
use crate::postgres::session::{Param, Session, call};
use crate::record::Record;
use crate::views::list::rows;
use crate::views::overviews::{
    self as views, PENDING, Run, SELECT, SELECT_DESIRED, SELECT_NEWEST, STANDING,
};
use crate::views::publishes as publish_views;

const RUNS: &str = "SELECT s.number, a.outcome, a.ended_at, p.accepted_at, p.publish_at, i.owner
    FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS s(low, high, number)
    CROSS JOIN LATERAL (SELECT job, outcome, ended_at FROM attempt WHERE ended_at >= s.low AND ended_at < s.high
                        ORDER BY ended_at LIMIT $3) a
    JOIN job j ON j.id = a.job JOIN publish p ON p.id = j.publish JOIN item i ON i.id = j.item";

const UPCOMING: &str = "WHERE p.id IN (SELECT id FROM publish WHERE waits <> 0 AND ready_at > $1 ORDER BY ready_at LIMIT $2)
    AND p.publish_at > $1 AND i.owner = $3 ORDER BY p.publish_at, p.id LIMIT $4";

const SLOTS: &str =
    "WHERE p.id IN (SELECT w.publish FROM destination d JOIN desired w ON w.destination = d.id
    JOIN job j ON j.id = w.job JOIN item o ON o.id = w.item
    WHERE w.slot_at >= $1 AND w.slot_at < $2 AND o.owner = $3 AND j.state = 1 AND j.fence = 0
    ORDER BY w.slot_at LIMIT $4) ORDER BY p.id";

/// Items, newest first.
pub(crate) async fn contents(
    session: &Session,
    filter: &ContentFilter,
    page: &Page,
) -> Done<Paged<Listed>> {
    let last = "SELECT coalesce(max(id), 0) FROM item";
    let last = session.one(last, &[]).await?;
    let last: i64 = last.map_or(Ok(0), |row| row.read(0))?;
    let (wanted, floor) = views::wanted(filter, page, last);
    let found = super::list(
        session,
        (SELECT, &wanted, "i.id DESC"),
        rows(page),
        views::listed,
    );
    let found = views::walked(found.await?, page, floor, |(_, view)| view.place);
    let (publishes, items): (Vec<i64>, Vec<Listed>) = found.items.into_iter().unzip();
    let places: Vec<i64> = items.iter().map(|view| view.place).collect();
    let of_items = format!("{SELECT_DESIRED} WHERE w.item = ANY ($1)");
    let of_publishes = format!("{SELECT_NEWEST} WHERE j.publish = ANY ($1)");
    let [desired, newest] = session
        .each([
            call(&of_items, &[&places]),
            call(&of_publishes, &[&publishes]),
        ])
        .await?;
    let desired = desired.iter().map(views::at).collect::<Done<_>>()?;
    let newest = newest.iter().map(views::at).collect::<Done<_>>()?;
    Ok(Paged {
        items: views::with_places(items, desired, newest),
        next_cursor: found.next_cursor,
    })
}

/// How the newest items stand.
pub(crate) async fn standing(session: &Session, owner: &str) -> Done<Vec<Standing>> {
    let [standing, pending] = session
        .each([
            call(STANDING, &[&owner, &ITEMS_COUNTED]),
            call(PENDING, &[&ITEMS_COUNTED, &owner]),
        ])
        .await?;
    let standing = standing.iter().map(views::standing).collect::<Done<_>>()?;
    let pending = pending.iter().map(views::pending).collect::<Done<_>>()?;
    Ok(views::together(standing, pending))
}

/// What runs came to in each span.
pub(crate) async fn spans(session: &Session, owner: &str, spans: &[Span]) -> Done<Vec<Ran>> {
    let (from, until): (Vec<i64>, Vec<i64>) =
        spans.iter().map(|span| (span.from.0, span.until.0)).unzip();
    let mut runs: BTreeMap<i64, Vec<Run>> = BTreeMap::new();
    for row in session.rows(RUNS, &[&from, &until, &views::runs()]).await? {
        let of_span = runs.entry(row.read(0)?).or_default();
        of_span.push(views::run(&row, 1)?);
    }
    let numbers = 1..=i64::try_from(spans.len()).unwrap_or(i64::MAX);
    let ran = numbers.map(|number| views::ran(runs.remove(&number).unwrap_or_default(), owner));
    Ok(ran.collect())
}

/// Publishes with a time that lies ahead, the next first.
pub(crate) async fn upcoming(
    session: &Session,
    owner: &str,
    now: Timestamp,
    limit: i64,
) -> Done<Vec<PublishView>> {
    let values: [Param<'_>; 4] = [&now.0, &WAITING_LOOKED_AT, &owner, &limit];
    publishes_of(session, UPCOMING, &values).await
}

/// Publishes that were given a slot within a span.
pub(crate) async fn slots(
    session: &Session,
    owner: &str,
    span: Span,
    limit: i64,
) -> Done<Vec<PublishView>> {
    let values: [Param<'_>; 4] = [&span.from.0, &span.until.0, &owner, &limit];
    publishes_of(session, SLOTS, &values).await
}

async fn publishes_of(
    session: &Session,
    wanted: &str,
    values: &[Param<'_>],
) -> Done<Vec<PublishView>> {
    let sql = format!("{} {wanted}", publish_views::SELECT);
    let found = session.rows(&sql, values).await?;
    let found = found
        .iter()
        .map(publish_views::read)
        .collect::<Done<Vec<_>>>()?;
    publishes::with_jobs(session, found).await
}
