//! Items and their revisions: found by content id.

use std::collections::BTreeMap;

use slugline_engine::store::{ContentAt, ContentView, Page, Paged, RevisionView};

use super::jobs;
use crate::postgres::fault::Done;
use crate::postgres::session::Session;
use crate::views::content::{self, Desired, SELECT, SELECT_AT, SELECT_REVISION};
use crate::views::list::{paged, rows};

/// An item in all its environments and locales.
pub(crate) async fn of(session: &Session, owner: &str, content_id: &str) -> Done<Vec<ContentView>> {
    let sql = format!("{SELECT} WHERE content_id = $1 AND owner = $2 ORDER BY environment, locale");
    let found = session.rows(&sql, &[&content_id, &owner]).await?;
    let found = found.iter().map(content::read).collect::<Done<Vec<_>>>()?;
    let items = found.iter().map(|(item, _)| *item).collect::<Vec<_>>();
    let mut desired = desired(session, &items).await?;
    let views = found.into_iter().map(|(item, view)| ContentView {
        destinations: desired.remove(&item).unwrap_or_default(),
        ..view
    });
    Ok(views.collect())
}

/// What is desired of items, by item.
async fn desired(session: &Session, items: &[i64]) -> Done<BTreeMap<i64, Vec<ContentAt>>> {
    let sql = format!("{SELECT_AT} WHERE w.item = ANY ($1) ORDER BY d.name");
    let found = session.rows(&sql, &[&items]).await?;
    let found = found
        .iter()
        .map(content::at)
        .collect::<Done<Vec<Desired>>>()?;
    let ids = found
        .iter()
        .map(|desired| desired.job.0)
        .collect::<Vec<_>>();
    let mut jobs = jobs::by_ids(session, &ids).await?;
    let mut desired: BTreeMap<i64, Vec<ContentAt>> = BTreeMap::new();
    for Desired { item, job, at } in found {
        let at = ContentAt {
            job: jobs.remove(&job),
            ..at
        };
        desired.entry(item).or_default().push(at);
    }
    Ok(desired)
}

/// An item's revisions in all environments and locales, newest first.
pub(crate) async fn revisions(
    session: &Session,
    owner: &str,
    content_id: &str,
    page: &Page,
) -> Done<Paged<RevisionView>> {
    let wanted = content::wanted_revisions(owner, content_id, page);
    let list = (SELECT_REVISION, &wanted, "r.publish DESC");
    let found = super::list(session, list, rows(page), content::revision).await?;
    let Paged { items, next_cursor } = paged(found, page, |(number, _)| *number);
    let items = items.into_iter().map(|(_, view)| view).collect();
    Ok(Paged { items, next_cursor })
}
