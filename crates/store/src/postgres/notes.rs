//! What people say of items and jobs.
//!
//! Ensures that a note is in the log by name and in this table by its text, which can be erased.

use slugline_core::event::EventType;
use slugline_core::ids::JobId;
use slugline_core::time::Timestamp;
use slugline_engine::store::{NewNote, NoteKind, NoteView};

use super::changes::Changes;
use super::fault::Done;
use super::gauges::Effected;
use super::jobs::small;
use super::session::{BEGIN, Session, call};
use super::times::{NOW, Times};
use super::write::{Write, columns, commit, write};
use crate::change::Ledger;
use crate::change::operator::Note;
use crate::entry::Entry;
use crate::record::Record;
use crate::views::notes as views;

/// A note on its way into the database.
pub(crate) struct NewRow {
    item: i64,
    job: Option<i64>,
    at: i64,
    kind: i16,
    actor: String,
    text: String,
}

impl NewRow {
    /// What is said of an item, or of one of its jobs.
    pub(crate) fn of((item, job): (i64, Option<JobId>), note: &Note<'_>, now: Timestamp) -> Self {
        Self {
            item,
            job: job.map(|job| job.0),
            at: now.0,
            kind: small(note.kind),
            actor: note.actor.to_owned(),
            text: note.text.to_owned(),
        }
    }
}

/// The statement that writes notes, if there are any.
pub(crate) fn insert(notes: Vec<NewRow>) -> Option<Write<'static>> {
    let sql = "INSERT INTO note (item, job, at, kind, actor, text)
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[], $6::text[])";
    if notes.is_empty() {
        return None;
    }
    let items: Vec<i64> = notes.iter().map(|note| note.item).collect();
    let jobs: Vec<Option<i64>> = notes.iter().map(|note| note.job).collect();
    let at: Vec<i64> = notes.iter().map(|note| note.at).collect();
    let kinds: Vec<i16> = notes.iter().map(|note| note.kind).collect();
    let (actors, texts): (Vec<String>, Vec<String>) = notes
        .into_iter()
        .map(|note| (note.actor, note.text))
        .unzip();
    Some(write(sql, columns![items, jobs, at, kinds, actors, texts]))
}

/// Keeps a note about an item; `false` when there is none.
pub(crate) async fn add(session: &Session, times: &Times, new: &NewNote) -> Done<(bool, Effected)> {
    let sql = "SELECT id FROM item WHERE owner = $1 AND environment = $2 AND content_id = $3 AND locale = $4";
    let key = &new.item;
    let found = session
        .one(
            sql,
            &[&key.owner, &key.environment, &key.content_id, &key.locale],
        )
        .await?;
    let Some(item) = found.map(|row| row.read::<i64>(0)).transpose()? else {
        return Ok((false, Effected::default()));
    };
    let job = "SELECT id FROM job WHERE id = $1 AND item = $2";
    let job = session
        .one(job, &[&new.job.map(|job| job.0), &item])
        .await?;
    let job = job.map(|row| row.read::<i64>(0)).transpose()?.map(JobId);
    let [_, now] = session
        .each([call(BEGIN, &[]), call(NOW, &[&times.given()])])
        .await?;
    let now = times.read(&now)?;
    let mut changes = Changes::at(now);
    let entry = Entry::new(&changes, EventType::NoteAdded, "noted", item, key).actor(&new.actor);
    changes.log(entry)?;
    let note = Note {
        kind: NoteKind::Note,
        actor: &new.actor,
        text: &new.text,
    };
    let mut writes = changes.writes()?;
    writes.extend(insert(vec![NewRow::of((item, job), &note, now)]));
    commit(session, &writes).await?;
    Ok((true, Effected::default()))
}

/// What was written about a content, newest first.
pub(crate) async fn list(
    session: &Session,
    owner: &str,
    content_id: &str,
    limit: usize,
) -> Done<Vec<NoteView>> {
    let sql = format!(
        "{} WHERE i.owner = $1 AND i.content_id = $2 ORDER BY n.id DESC LIMIT $3",
        views::SELECT
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = session.rows(&sql, &[&owner, &content_id, &limit]).await?;
    rows.iter().map(views::read).collect()
}
