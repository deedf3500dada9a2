//! Writing the log.
//!
//! Ensures that every change of state has an entry in the same transaction. Entries that one statement
//! writes are one group, which gets its place in the log once it is committed (`sequencer`).

use super::fault::{Done, Fault};
use super::write::{Write, columns, write};
use crate::entry::Written;

/// The statement that writes a transaction's entries, if it has any. `opened`: jobs that it made
/// open, less those that it ended.
pub(crate) fn append(entries: Vec<Written>, opened: i64) -> Done<Option<Write<'static>>> {
    let sql = "WITH event_group AS (INSERT INTO event_group (entries, opened) VALUES ($1, $2) RETURNING id)
               INSERT INTO event (event_group, place, at, item, publish, request_id, text)
               SELECT event_group.id, e.place - 1, e.at, e.item, e.publish, e.request_id, e.text
               FROM event_group, unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
                    WITH ORDINALITY AS e (at, item, publish, request_id, text, place)";
    if entries.is_empty() {
        return Ok(None);
    }
    let many = |_| Fault::Ours("too many entries for one transaction".into());
    let (count, opened) = (
        i32::try_from(entries.len()).map_err(many)?,
        i32::try_from(opened).map_err(many)?,
    );
    let Columns {
        at,
        items,
        publishes,
        requests,
        texts,
    } = Columns::of(entries);
    Ok(Some(write(
        sql,
        columns![count, opened, at, items, publishes, requests, texts],
    )))
}

/// Entries as columns.
pub(crate) struct Columns {
    pub(crate) at: Vec<i64>,
    pub(crate) items: Vec<i64>,
    pub(crate) publishes: Vec<Option<i64>>,
    pub(crate) requests: Vec<Option<String>>,
    pub(crate) texts: Vec<String>,
}

impl Columns {
    pub(crate) fn of(entries: Vec<Written>) -> Self {
        let at = entries.iter().map(|entry| entry.at.0).collect();
        let items = entries.iter().map(|entry| entry.item).collect();
        let publishes = entries.iter().map(|entry| entry.publish.map(|id| id.0));
        let publishes = publishes.collect();
        let texts = entries
            .into_iter()
            .map(|entry| (entry.request_id, entry.text));
        let (requests, texts) = texts.unzip();
        Self {
            at,
            items,
            publishes,
            requests,
            texts,
        }
    }
}
