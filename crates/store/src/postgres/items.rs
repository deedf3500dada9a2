//! Items: their locks, and how their rows are written.
//!
//! Ensures that whoever decides about an item, or gives its publishes their places, is the only one who
//! does, in all its locales, also before it has a row.

use std::collections::BTreeMap;

use slugline_core::item::ItemKey;

use super::facts::Item;
use super::jobs::small;
use super::write::{Column, Write, columns, write};

/// Locks items by owner, environment and content id, in the one order that all keep.
pub(crate) const LOCK: &str = "SELECT pg_advisory_xact_lock(l.name) FROM (
        SELECT DISTINCT hashtextextended(concat_ws(chr(31), c.owner, c.environment, c.content_id), 0) AS name
        FROM unnest($1::text[], $2::text[], $3::text[]) AS c (owner, environment, content_id) ORDER BY 1) l";

/// The same for items that have numbers.
pub(crate) const LOCK_BY_ID: &str = "SELECT pg_advisory_xact_lock(l.name) FROM (
        SELECT DISTINCT hashtextextended(concat_ws(chr(31), i.owner, i.environment, i.content_id), 0) AS name
        FROM item i WHERE i.id = ANY($1) ORDER BY 1) l";

/// Whether an item that changes has a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemChange {
    /// Not yet.
    New,
    /// One that is updated.
    Known,
}

const INSERT: &str = "INSERT INTO item (id, version_kind, version, generation, action, body, publish, slug, slug_key, revised,
                                        content, owner, environment, content_id, locale, source)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::bytea[], $7::bigint[],
                         $8::text[], $9::bytea[], $10::boolean[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])";

const UPDATE: &str = "UPDATE item i SET version_kind = c.version_kind, version = c.version, generation = c.generation,
                                        action = c.action, body = c.body, publish = c.publish, slug = c.slug, slug_key = c.slug_key,
                                        revised = c.revised
    FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::bytea[], $7::bigint[],
                $8::text[], $9::bytea[], $10::boolean[])
         AS c (id, version_kind, version, generation, action, body, publish, slug, slug_key, revised)
    WHERE i.id = c.id";

/// The statements that write changed items.
pub(crate) fn save(
    items: &BTreeMap<ItemKey, Item>,
    changed: &BTreeMap<ItemKey, ItemChange>,
) -> Vec<Write<'static>> {
    let of = |change: ItemChange| -> Vec<(&ItemKey, &Item)> {
        let keys = changed.iter().filter(|(_, of)| **of == change);
        keys.filter_map(|(key, _)| items.get_key_value(key))
            .collect()
    };
    let (new, known) = (of(ItemChange::New), of(ItemChange::Known));
    let mut writes = Vec::new();
    if !known.is_empty() {
        writes.push(write(UPDATE, state(&known)));
    }
    if !new.is_empty() {
        let mut all = state(&new);
        all.extend(identity(&new));
        writes.push(write(INSERT, all));
    }
    writes
}

/// What changes with each generation.
fn state(items: &[(&ItemKey, &Item)]) -> Vec<Column<'static>> {
    let records = || items.iter().map(|(_, item)| &item.record);
    let ids: Vec<i64> = items.iter().map(|(_, item)| item.id).collect();
    let kinds: Vec<i16> = records()
        .map(|record| small(record.version.kind()))
        .collect();
    let versions: Vec<i64> = records().map(|record| record.version.ordinal()).collect();
    let generations: Vec<i64> = records().map(|record| record.generation.0).collect();
    let actions: Vec<i16> = records().map(|record| small(record.action)).collect();
    let bodies: Vec<Vec<u8>> = records().map(|record| record.body.0.to_vec()).collect();
    let publishes: Vec<i64> = records().map(|record| record.publish.0).collect();
    let slugs: Vec<Option<String>> = records().map(|record| record.slug.clone()).collect();
    let slug_keys = items.iter().map(|(_, item)| item.slug_key);
    let slug_keys: Vec<Option<Vec<u8>>> =
        slug_keys.map(|key| key.map(|key| key.to_vec())).collect();
    let revised: Vec<bool> = records().map(|record| record.revised).collect();
    columns![
        ids,
        kinds,
        versions,
        generations,
        actions,
        bodies,
        publishes,
        slugs,
        slug_keys,
        revised
    ]
}

/// What an item keeps for ever.
fn identity(items: &[(&ItemKey, &Item)]) -> Vec<Column<'static>> {
    let texts = |of: fn(&ItemKey) -> &String| -> Vec<String> {
        items.iter().map(|(key, _)| of(key).clone()).collect()
    };
    let contents: Vec<i64> = items.iter().map(|(_, item)| item.content).collect();
    let sources: Vec<String> = items
        .iter()
        .map(|(_, item)| item.record.source.clone())
        .collect();
    let (owners, environments) = (texts(|key| &key.owner), texts(|key| &key.environment));
    let (ids, locales) = (texts(|key| &key.content_id), texts(|key| &key.locale));
    columns![contents, owners, environments, ids, locales, sources]
}
