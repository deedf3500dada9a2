//! Items and their revisions as the API shows them.

use rusqlite::{Connection, Row};
use slugline_core::ids::JobId;
use slugline_core::version::{Generation, Version};
use slugline_engine::store::{ContentAt, ContentView, Page, Paged, RevisionView};

use super::{Where, jobs, paged, rows};
use crate::sqlite::column::{At, Col, Digest, Json};
use crate::sqlite::fault::Done;
use crate::sqlite::items;
use crate::sqlite::names::Names;
use crate::sqlite::statements::Statements;

/// An item in all its environments and locales.
pub(crate) fn of(
    connection: &Connection,
    names: &Names,
    owner: &str,
    content_id: &str,
) -> Done<Vec<ContentView>> {
    let wanted = items_with(connection, names, owner, content_id)?;
    let sql = format!(
        "SELECT id, content_id, owner, environment, locale, source, version_kind, version, generation, action, slug
         FROM item i {} ORDER BY environment, locale",
        wanted.clause()
    );
    let items = connection.all(&sql, wanted.values(), |row| {
        Ok((row.get::<_, i64>(0)?, read(row)?))
    })?;
    let views = items.into_iter().map(|(item, view)| {
        Ok(ContentView {
            destinations: destinations(connection, item)?,
            ..view
        })
    });
    views.collect()
}

/// The condition for an owner's items `i` with this content id.
fn items_with(
    connection: &Connection,
    names: &Names,
    owner: &str,
    content_id: &str,
) -> Done<Where> {
    let items = items::with_content_id(connection, names, content_id)?;
    let mut wanted = Where::default();
    wanted.and_among("i.id", &items);
    wanted.and("i.content_id = ?", content_id.to_owned());
    wanted.and("i.owner = ?", owner.to_owned());
    Ok(wanted)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ContentView> {
    let version = Version::from_ordinal(row.get::<_, Col<_>>(6)?.0, row.get(7)?);
    Ok(ContentView {
        content_id: row.get(1)?,
        owner: row.get(2)?,
        environment: row.get(3)?,
        locale: row.get(4)?,
        source: row.get(5)?,
        version,
        next_version: version.next(),
        generation: Generation(row.get(8)?),
        action: row.get::<_, Col<_>>(9)?.0,
        slug: row.get(10)?,
        destinations: Vec::new(),
    })
}

fn destinations(connection: &Connection, item: i64) -> Done<Vec<ContentAt>> {
    let sql = "SELECT d.name, w.action, w.generation, w.shown_generation, w.job
               FROM desired w JOIN destination d ON d.id = w.destination WHERE w.item = ?1 ORDER BY d.name";
    let found = connection.all(sql, [item], |row| {
        let desired_generation = Generation(row.get(2)?);
        let shown_generation = row.get::<_, Option<i64>>(3)?.map(Generation);
        let at = ContentAt {
            destination: row.get(0)?,
            desired_action: row.get::<_, Col<_>>(1)?.0,
            desired_generation,
            shown_generation,
            in_sync: shown_generation == Some(desired_generation),
            job: None,
        };
        Ok((JobId(row.get(4)?), at))
    })?;
    found
        .into_iter()
        .map(|(job, at)| {
            Ok(ContentAt {
                job: jobs::view(connection, job)?,
                ..at
            })
        })
        .collect()
}

/// An item's revisions in all environments and locales, newest first; the cursor is a revision's
/// number.
pub(crate) fn revisions(
    connection: &Connection,
    names: &Names,
    owner: &str,
    content_id: &str,
    page: &Page,
) -> Done<Paged<RevisionView>> {
    let mut wanted = items_with(connection, names, owner, content_id)?;
    wanted.and_some("r.id < ?", page.cursor);
    let sql = format!(
        "SELECT r.id, r.generation, p.version_kind, p.version, p.action, i.environment, i.locale, r.accepted_at, p.request_id,
                r.checksum, r.payload, r.media
         FROM item i JOIN revision r ON r.item = i.id JOIN publish p ON p.id = r.publish {} ORDER BY r.id DESC LIMIT {}",
        wanted.clause(),
        rows(page)
    );
    let found = connection.all(&sql, wanted.values(), |row| {
        Ok((row.get::<_, i64>(0)?, read_revision(row)?))
    })?;
    let Paged { items, next_cursor } = paged(found, page, |(number, _)| *number);
    Ok(Paged {
        items: items.into_iter().map(|(_, view)| view).collect(),
        next_cursor,
    })
}

fn read_revision(row: &Row<'_>) -> rusqlite::Result<RevisionView> {
    Ok(RevisionView {
        generation: Generation(row.get(1)?),
        version: Version::from_ordinal(row.get::<_, Col<_>>(2)?.0, row.get(3)?),
        action: row.get::<_, Col<_>>(4)?.0,
        environment: row.get(5)?,
        locale: row.get(6)?,
        accepted_at: row.get::<_, At>(7)?.0,
        request_id: row.get(8)?,
        checksum: row.get::<_, Digest>(9)?.0.hex(),
        payload: row.get::<_, Option<Json<_>>>(10)?.map(|payload| payload.0),
        media: row
            .get::<_, Option<Json<_>>>(11)?
            .map(|media| media.0)
            .unwrap_or_default(),
    })
}
