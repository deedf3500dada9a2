//! What people say of items and jobs.
//!
//! Ensures that a note is in the log by name and in this table by its text, which can be erased.

use rusqlite::{Connection, params};
use slugline_core::event::EventType;
use slugline_core::ids::JobId;
use slugline_engine::store::{NewNote, NoteKind, NoteView};

use super::column::Col;
use super::fault::Done;
use super::items;
use super::log::Entry;
use super::names::Names;
use super::statements::Statements;
use super::tx::Tx;
use crate::accepting::item_name;
use crate::change::operator::Note;
use crate::views::notes as views;

/// Keeps what is said of an item, or of one of its jobs.
pub(crate) fn write(tx: &Tx<'_>, (item, job): (i64, Option<JobId>), note: &Note<'_>) -> Done<()> {
    let sql = "INSERT INTO note (item, job, at, kind, actor, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let job = job.map(|job| job.0);
    tx.run(
        sql,
        params![item, job, tx.now.0, Col(note.kind), note.actor, note.text],
    )
    .map(drop)
}

/// Keeps a note about an item; `false` when there is none.
pub(crate) fn add(tx: &Tx<'_>, new: &NewNote) -> Done<bool> {
    let Ok(item) = items::find(tx, item_name(&new.item), &new.item)? else {
        return Ok(false);
    };
    let note = Note {
        kind: NoteKind::Note,
        actor: &new.actor,
        text: &new.text,
    };
    let job = "SELECT id FROM job WHERE id = ?1 AND item = ?2";
    let about = params![new.job.map(|job| job.0), item.id];
    let job = tx.one(job, about, |row| row.get(0).map(JobId))?;
    write(tx, (item.id, job), &note)?;
    Entry::new(tx, EventType::NoteAdded, "noted", item.id, &new.item)
        .actor(&new.actor)
        .write(tx)?;
    Ok(true)
}

/// What was written about a content, newest first.
pub(crate) fn list(
    connection: &Connection,
    names: &Names,
    (owner, content_id): (&str, &str),
    limit: usize,
) -> Done<Vec<NoteView>> {
    let sql = format!(
        "{} WHERE n.item = ?1 AND i.owner = ?2 AND i.content_id = ?3 ORDER BY n.id DESC LIMIT ?4",
        views::SELECT
    );
    let mut found = Vec::new();
    for item in items::with_content_id(connection, names, content_id)? {
        found.extend(
            connection.all(&sql, params![item, owner, content_id, limit], |row| {
                views::read(row)
            })?,
        );
    }
    found.sort_by_key(|note| std::cmp::Reverse(note.at));
    found.truncate(limit);
    Ok(found)
}
