//! Publishes: found by id, by request, and as lists.

use std::collections::BTreeMap;

use slugline_core::ids::PublishId;
use slugline_engine::store::{JobView, Page, Paged, PublishFilter, PublishView, RawRequest};

use super::jobs;
use crate::postgres::fault::Done;
use crate::postgres::session::Session;
use crate::views::list::{paged, rows};
use crate::views::publishes::{self, SELECT};

/// A publish by its id, else the newest with this request id, within an owner.
pub(crate) async fn one(session: &Session, owner: &str, id: &str) -> Done<Option<PublishView>> {
    let by_id = format!("{SELECT} WHERE p.id = $1 AND i.owner = $2");
    // An index in the order of ids would be walked to its end for a request that is not there.
    let by_request =
        format!("{SELECT} WHERE p.request_id = $1 AND i.owner = $2 ORDER BY p.id + 0 DESC LIMIT 1");
    let mut found = None;
    if let Ok(publish) = id.parse::<PublishId>() {
        found = session.one(&by_id, &[&publish.0, &owner]).await?;
    }
    if found.is_none() {
        found = session.one(&by_request, &[&id, &owner]).await?;
    }
    let found = found
        .iter()
        .map(publishes::read)
        .collect::<Done<Vec<_>>>()?;
    Ok(with_jobs(session, found).await?.pop())
}

/// The request of a publish as it came, within an owner.
pub(crate) async fn raw(
    session: &Session,
    owner: &str,
    publish: PublishId,
) -> Done<Option<RawRequest>> {
    let sql = "SELECT w.headers, w.bytes FROM raw_request w JOIN publish p ON p.id = w.publish
               JOIN item i ON i.id = p.item WHERE w.publish = $1 AND i.owner = $2";
    let found = session.one(sql, &[&publish.0, &owner]).await?;
    found.as_ref().map(publishes::raw).transpose()
}

/// Publishes, newest first.
pub(crate) async fn list(
    session: &Session,
    filter: &PublishFilter,
    page: &Page,
) -> Done<Paged<PublishView>> {
    let wanted = publishes::wanted(filter, page);
    let found = super::list(
        session,
        (SELECT, &wanted, "p.id DESC"),
        rows(page),
        publishes::read,
    )
    .await?;
    let Paged { items, next_cursor } = paged(found, page, |view| view.publish_id.0);
    Ok(Paged {
        items: with_jobs(session, items).await?,
        next_cursor,
    })
}

pub(crate) async fn with_jobs(
    session: &Session,
    found: Vec<PublishView>,
) -> Done<Vec<PublishView>> {
    let ids = found
        .iter()
        .map(|view| view.publish_id.0)
        .collect::<Vec<_>>();
    let mut jobs: BTreeMap<PublishId, Vec<JobView>> = BTreeMap::new();
    for (publish, job) in jobs::of_publishes(session, &ids).await? {
        jobs.entry(publish).or_default().push(job);
    }
    let views = found.into_iter().map(|view| {
        let jobs = jobs.remove(&view.publish_id).unwrap_or_default();
        publishes::with_jobs(view, jobs)
    });
    Ok(views.collect())
}
