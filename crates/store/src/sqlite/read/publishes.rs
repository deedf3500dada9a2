//! Publishes: found by id, by request, and as lists.

use rusqlite::{params, params_from_iter};
use slugline_core::ids::PublishId;
use slugline_engine::store::{Page, Paged, PublishFilter, PublishView, RawRequest};

use super::{jobs, listed};
use crate::sqlite::dependencies::Reading;
use crate::sqlite::fault::Done;
use crate::sqlite::items;
use crate::sqlite::publishes::name;
use crate::sqlite::statements::Statements;
use crate::views::list::{paged, rows};
use crate::views::publishes::{self, SELECT};

/// A publish by its id, else the newest with this request id, within an owner.
pub(crate) fn one(reading: &Reading<'_>, owner: &str, id: &str) -> Done<Option<PublishView>> {
    let Reading { connection, names } = *reading;
    if let Ok(publish) = id.parse::<PublishId>() {
        let sql = format!("{SELECT} WHERE p.id = ?1 AND i.owner = ?2");
        let found = connection.one(&sql, params![publish.0, owner], |row| publishes::read(row))?;
        if let Some(found) = found {
            return with_jobs(reading, found).map(Some);
        }
    }
    let sql = format!("{SELECT} WHERE p.id = ?1 AND p.request_id = ?2 AND i.owner = ?3");
    for publish in names.find(connection, name(id))? {
        let found = connection.one(&sql, params![publish, id, owner], |row| {
            publishes::read(row)
        })?;
        if let Some(found) = found {
            return with_jobs(reading, found).map(Some);
        }
    }
    Ok(None)
}

/// The request of a publish as it came, within an owner.
pub(crate) fn raw(
    reading: &Reading<'_>,
    owner: &str,
    publish: PublishId,
) -> Done<Option<RawRequest>> {
    let sql = "SELECT w.headers, w.bytes FROM whole_request w JOIN publish p ON p.id = w.publish
               JOIN item i ON i.id = p.item WHERE w.publish = ?1 AND i.owner = ?2";
    reading
        .connection
        .one(sql, params![publish.0, owner], |row| publishes::raw(row))
}

/// Publishes, newest first.
pub(crate) fn list(
    reading: &Reading<'_>,
    filter: &PublishFilter,
    page: &Page,
) -> Done<Paged<PublishView>> {
    let Reading { connection, names } = *reading;
    let mut wanted = publishes::wanted(filter, page);
    // By item or by request there are few: these lead, and the walk by id does not.
    if let Some(content_id) = &filter.content_id {
        let items = items::with_content_id(connection, names, content_id)?;
        wanted.and_some(
            "p.item IN (SELECT value FROM json_each(?))",
            Some(listed(&items)),
        );
    }
    if let Some(request_id) = &filter.request_id {
        let named = names.find(connection, name(request_id))?;
        wanted.and_some(
            "p.id IN (SELECT value FROM json_each(?))",
            Some(listed(&named)),
        );
    }
    let sql = format!(
        "{SELECT} {} ORDER BY p.id DESC LIMIT {}",
        wanted.clause(),
        rows(page)
    );
    let found = connection.all(&sql, params_from_iter(wanted.values()), |row| {
        publishes::read(row)
    })?;
    let views = found
        .into_iter()
        .map(|found| with_jobs(reading, found))
        .collect::<Done<Vec<_>>>()?;
    Ok(paged(views, page, |view| view.publish_id.0))
}

pub(crate) fn with_jobs(reading: &Reading<'_>, found: PublishView) -> Done<PublishView> {
    let jobs = jobs::of_publish(reading, found.publish_id)?;
    Ok(publishes::with_jobs(found, jobs))
}
