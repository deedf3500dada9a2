//! Items and their revisions: found by content id.

use rusqlite::params_from_iter;
use slugline_engine::store::{ContentAt, ContentView, Page, Paged, RevisionView};

use super::{jobs, listed};
use crate::sqlite::dependencies::Reading;
use crate::sqlite::fault::Done;
use crate::sqlite::items;
use crate::sqlite::statements::Statements;
use crate::views::content::{self, SELECT, SELECT_AT, SELECT_REVISION};
use crate::views::list::{paged, rows};

/// An item in all its environments and locales.
pub(crate) fn of(reading: &Reading<'_>, owner: &str, content_id: &str) -> Done<Vec<ContentView>> {
    let Reading { connection, names } = *reading;
    let hints = listed(&items::with_content_id(connection, names, content_id)?);
    let sql = format!(
        "{SELECT} WHERE id IN (SELECT value FROM json_each(?1)) AND content_id = ?2 AND owner = ?3
         ORDER BY environment, locale"
    );
    let items = connection.all(&sql, [&*hints, content_id, owner], |row| content::read(row))?;
    let views = items.into_iter().map(|(item, view)| {
        Ok(ContentView {
            destinations: destinations(reading, item)?,
            ..view
        })
    });
    views.collect()
}

fn destinations(reading: &Reading<'_>, item: i64) -> Done<Vec<ContentAt>> {
    let sql = format!("{SELECT_AT} WHERE w.item = ?1 ORDER BY d.name");
    let found = reading
        .connection
        .all(&sql, [item], |row| content::at(row))?;
    let views = found.into_iter().map(|desired| {
        Ok(ContentAt {
            job: jobs::view(reading, desired.job)?,
            ..desired.at
        })
    });
    views.collect()
}

/// An item's revisions in all environments and locales, newest first.
pub(crate) fn revisions(
    reading: &Reading<'_>,
    owner: &str,
    content_id: &str,
    page: &Page,
) -> Done<Paged<RevisionView>> {
    let Reading { connection, names } = *reading;
    let mut wanted = content::wanted_revisions(owner, content_id, page);
    let hints = items::with_content_id(connection, names, content_id)?;
    wanted.and_some(
        "i.id IN (SELECT value FROM json_each(?))",
        Some(listed(&hints)),
    );
    let sql = format!(
        "{SELECT_REVISION} {} ORDER BY r.publish DESC LIMIT {}",
        wanted.clause(),
        rows(page)
    );
    let found = connection.all(&sql, params_from_iter(wanted.values()), |row| {
        content::revision(row)
    })?;
    let Paged { items, next_cursor } = paged(found, page, |(number, _)| *number);
    Ok(Paged {
        items: items.into_iter().map(|(_, view)| view).collect(),
        next_cursor,
    })
}
