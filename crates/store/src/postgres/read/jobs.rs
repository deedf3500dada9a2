//! Jobs: found by id and by publish.

use std::collections::BTreeMap;

use slugline_core::ids::{JobId, PublishId};
use slugline_engine::store::{JobDetail, JobView};
use tokio_postgres::Row;

use crate::postgres::dependencies;
use crate::postgres::fault::Done;
use crate::postgres::session::{Session, call};
use crate::record::Record;
use crate::views::jobs::{self, Found, SELECT, SELECT_ATTEMPT, SELECT_DETAIL};
use crate::waiter::Waiter;

/// The jobs of publishes, each publish's in the order of their ids.
pub(crate) async fn of_publishes(
    session: &Session,
    publishes: &[i64],
) -> Done<Vec<(PublishId, JobView)>> {
    // An index in the order of ids would be walked to its end.
    let sql = format!("{SELECT} WHERE j.publish = ANY ($1) ORDER BY j.id + 0");
    views(session, session.rows(&sql, &[&publishes]).await?).await
}

/// Jobs by their ids.
pub(crate) async fn by_ids(session: &Session, ids: &[i64]) -> Done<BTreeMap<JobId, JobView>> {
    let sql = format!("{SELECT} WHERE j.id = ANY ($1)");
    let views = views(session, session.rows(&sql, &[&ids]).await?).await?;
    Ok(views
        .into_iter()
        .map(|(_, view)| (view.job_id, view))
        .collect())
}

/// A job with its publish and its attempts, within an owner.
pub(crate) async fn detail(session: &Session, owner: &str, id: JobId) -> Done<Option<JobDetail>> {
    let of_job = format!("{SELECT} WHERE j.id = $1");
    let of_attempts = format!("{SELECT_ATTEMPT} WHERE job = $1 ORDER BY number");
    let of_detail = format!("{SELECT_DETAIL} WHERE j.id = $1 AND i.owner = $2");
    let [job, attempts, detail] = session
        .each([
            call(&of_job, &[&id.0]),
            call(&of_attempts, &[&id.0]),
            call(&of_detail, &[&id.0, &owner]),
        ])
        .await?;
    let attempts = attempts.iter().map(jobs::attempt).collect::<Done<_>>()?;
    match (views(session, job).await?.pop(), detail.first()) {
        (Some((_, job)), Some(row)) => jobs::detail(row, job, attempts).map(Some),
        _ => Ok(None),
    }
}

/// Rows as views, with the effects of their items and what they wait for.
async fn views(session: &Session, rows: Vec<Row>) -> Done<Vec<(PublishId, JobView)>> {
    let mut found = rows.iter().map(jobs::read).collect::<Done<Vec<Found>>>()?;
    add_waits(session, &mut found).await?;
    let effects = effects(session, &found).await?;
    let views = found.into_iter().map(|found| {
        let effects = effects.get(&(found.destination, found.item)).cloned();
        let view = JobView {
            effects: effects.unwrap_or_default(),
            ..found.view
        };
        (found.publish, view)
    });
    Ok(views.collect())
}

/// Adds what jobs wait for.
async fn add_waits(session: &Session, found: &mut [Found]) -> Done<()> {
    let depending = found.iter().filter(|found| found.depends());
    let publishes: Vec<i64> = depending.map(|found| found.publish.0).collect();
    if publishes.is_empty() {
        return Ok(());
    }
    let waiters = dependencies::waiters(session, &publishes).await?;
    for found in found.iter_mut().filter(|found| found.depends()) {
        let waiter = waiters.get(&found.publish);
        found.wait_for(waiter.map(Waiter::unmet).unwrap_or_default());
    }
    Ok(())
}

/// By destination and item: effects by their key.
type Effects = BTreeMap<(i64, i64), BTreeMap<String, String>>;

async fn effects(session: &Session, found: &[Found]) -> Done<Effects> {
    let sql = "SELECT destination, item, key, result_ref FROM effect
               WHERE (destination, item) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))";
    let (destinations, items): (Vec<i64>, Vec<i64>) = found
        .iter()
        .map(|found| (found.destination, found.item))
        .unzip();
    let mut effects = Effects::new();
    for row in session.rows(sql, &[&destinations, &items]).await? {
        let of_item = effects.entry((row.read(0)?, row.read(1)?)).or_default();
        of_item.insert(row.read(2)?, row.read(3)?);
    }
    Ok(effects)
}
