//! Items: what intake decides against.
//!
//! Ensures that the facts come from the transaction that acts on them, so that submissions that
//! share a group see each other.

use std::ops::RangeInclusive;

use rusqlite::{Connection, Row, params};
use slugline_core::ids::PublishId;
use slugline_core::intake::{Accept, ItemRecord};
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::PendingReason;
use slugline_core::version::{Generation, Version};

use super::column::{Col, Digest, bit};
use super::fault::{Done, Fault};
use super::names::{Names, numbers};
use super::statements::Statements;
use super::tx::Tx;
use crate::prepare::Prepared;
use crate::short_name::{self, ShortName};

/// An item with its numbers.
pub(crate) struct ItemRow {
    /// Its number.
    pub(crate) id: i64,
    /// The number that its locales share.
    pub(crate) content: i64,
    /// The claim on its slug.
    pub(crate) slug_key: Option<ShortName>,
    /// What intake decides against.
    pub(crate) record: ItemRecord,
}

/// Hints to the items with this content id, whoever owns them.
pub(crate) fn with_content_id(
    connection: &Connection,
    names: &Names,
    content_id: &str,
) -> Done<Vec<i64>> {
    Ok(numbers(
        &names.between(connection, &of_content_id(content_id))?,
    ))
}

/// The same, as the writer's transaction knows them.
pub(crate) fn with_content_id_now(tx: &Tx<'_>, content_id: &str) -> Done<Vec<i64>> {
    Ok(numbers(&tx.named_between(&of_content_id(content_id))?))
}

/// The names that items with this content id can have.
fn of_content_id(content_id: &str) -> RangeInclusive<ShortName> {
    short_name::family(short_name::within(&["item", content_id], &[]))
}

/// The item, if it is known, or else hints to its relatives: other items with its content id.
pub(crate) fn find(tx: &Tx<'_>, name: ShortName, key: &ItemKey) -> Done<Result<ItemRow, Vec<i64>>> {
    let sql = "SELECT id, content, slug_key, source, version_kind, version, generation, action, body, publish, slug, revised
               FROM item WHERE id = ?1 AND content_id = ?2 AND owner = ?3 AND environment = ?4 AND locale = ?5";
    let family = tx.named_between(&short_name::family(name))?;
    for (_, id) in family.iter().filter(|(member, _)| *member == name) {
        let named = params![id, key.content_id, key.owner, key.environment, key.locale];
        if let Some(mut row) = tx.one(sql, named, read)? {
            row.record.targets = targets(tx, row.id, row.record.generation)?;
            row.record.desired_at = desired_at(tx, row.id)?;
            row.record.scheduled = scheduled(tx, row.id)?;
            return Ok(Ok(row));
        }
    }
    Ok(Err(numbers(&family)))
}

fn read(row: &Row<'_>) -> rusqlite::Result<ItemRow> {
    let record = ItemRecord {
        source: row.get(3)?,
        version: Version::from_ordinal(row.get::<_, Col<_>>(4)?.0, row.get(5)?),
        generation: Generation(row.get(6)?),
        action: row.get::<_, Col<_>>(7)?.0,
        body: row.get::<_, Digest>(8)?.0,
        publish: PublishId(row.get(9)?),
        slug: row.get(10)?,
        targets: Vec::new(),
        desired_at: Vec::new(),
        scheduled: Vec::new(),
        revised: row.get(11)?,
    };
    Ok(ItemRow {
        id: row.get(0)?,
        content: row.get(1)?,
        slug_key: row.get(2)?,
        record,
    })
}

fn targets(tx: &Tx<'_>, item: i64, generation: Generation) -> Done<Vec<String>> {
    let sql = "SELECT DISTINCT d.name FROM publish p JOIN job j ON j.publish = p.id JOIN destination d ON d.id = j.destination
               WHERE p.item = ?1 AND p.generation = ?2";
    tx.all(sql, params![item, generation.0], |row| row.get(0))
}

fn desired_at(tx: &Tx<'_>, item: i64) -> Done<Vec<String>> {
    let sql =
        "SELECT d.name FROM desired w JOIN destination d ON d.id = w.destination WHERE w.item = ?1";
    tx.all(sql, [item], |row| row.get(0))
}

fn scheduled(tx: &Tx<'_>, item: i64) -> Done<Vec<PublishId>> {
    let sql =
        "SELECT id FROM publish WHERE item = ?1 AND waits <> 0 AND waits & ?2 <> 0 ORDER BY id";
    tx.all(sql, params![item, bit(PendingReason::Scheduled)], |row| {
        row.get(0).map(PublishId)
    })
}

/// Writes down what an accepted submission makes of its item; its number and its content's.
pub(crate) fn keep(
    tx: &Tx<'_>,
    prepared: &Prepared,
    accept: &Accept,
    publish: PublishId,
    known: Option<&ItemRow>,
    relatives: &[i64],
    slug_key: Option<ShortName>,
) -> Done<(i64, i64)> {
    let submission = &prepared.submission;
    let (kind, ordinal) = (Col(accept.mark.kind()), accept.mark.ordinal());
    let (generation, action) = (accept.generation.0, Col(submission.request.action));
    let body = Digest(accept.body);
    if let Some(item) = known {
        let sql = "UPDATE item SET version_kind = ?2, version = ?3, generation = ?4, action = ?5, body = ?6, publish = ?7,
                   slug = ?8, slug_key = ?9, revised = ?10 WHERE id = ?1";
        tx.run(
            sql,
            params![
                item.id,
                kind,
                ordinal,
                generation,
                action,
                body,
                publish.0,
                accept.slug,
                slug_key,
                accept.revised
            ],
        )?;
        return Ok((item.id, item.content));
    }
    let key = &submission.item;
    let id = tx.take_item()?;
    let content = content_of(tx, key, relatives)?.unwrap_or(id);
    tx.give(prepared.item, id);
    let sql = "INSERT INTO item (id, content, owner, environment, content_id, locale, source, version_kind, version,
                                 generation, action, body, publish, slug, slug_key)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    tx.run(
        sql,
        params![
            id,
            content,
            key.owner,
            key.environment,
            key.content_id,
            key.locale,
            submission.source,
            kind,
            ordinal,
            generation,
            action,
            body,
            publish.0,
            accept.slug,
            slug_key
        ],
    )?;
    Ok((id, content))
}

/// The number that an item's other locales share, if there are any among its relatives.
fn content_of(tx: &Tx<'_>, key: &ItemKey, relatives: &[i64]) -> Done<Option<i64>> {
    let sql = "SELECT content FROM item WHERE id = ?1 AND content_id = ?2 AND owner = ?3 AND environment = ?4";
    for id in relatives {
        let named = params![id, key.content_id, key.owner, key.environment];
        let found = tx.one(sql, named, |row| row.get(0))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// What an item is called.
pub(crate) fn key(connection: &Connection, item: i64) -> Done<ItemKey> {
    let sql = "SELECT owner, environment, content_id, locale FROM item WHERE id = ?1";
    let found = connection.one(sql, [item], |row| {
        Ok(ItemKey {
            owner: row.get(0)?,
            environment: row.get(1)?,
            content_id: row.get(2)?,
            locale: row.get(3)?,
        })
    })?;
    found.ok_or_else(|| Fault::Unreadable(format!("item {item} is missing")))
}
