//! What is known of media: rows beside the files, and what publishes wait for.
//!
//! Ensures that a row is written only after its file is on disk, and removed before it.

use rusqlite::{Connection, params};
use slugline_core::failure::Failure;
use slugline_core::ids::PublishId;
use slugline_core::payload::StoredMedia;
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;
use slugline_engine::store::{MediaInfo, MediaOutcome, ResolvedMedia, WantedMedia};

use super::column::Json;
use super::fault::Done;
use super::release::{self, Due};
use super::revisions;
use super::statements::Statements;
use super::tx::Tx;
use crate::change::dependency::give_up;
use crate::views::media as views;

/// Notes that a medium's bytes are kept, from now on.
pub(crate) fn keep(tx: &Tx<'_>, info: &MediaInfo) -> Done<()> {
    let sql = "INSERT INTO media (sha256, size, content_type, stored_at) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (sha256) DO UPDATE SET stored_at = excluded.stored_at";
    let size = i64::try_from(info.size).unwrap_or(i64::MAX);
    tx.run(
        sql,
        params![
            revisions::digest(&info.sha256)?,
            size,
            info.content_type,
            tx.now.0
        ],
    )?;
    Ok(())
}

/// What is known of a medium.
pub(crate) fn info(connection: &Connection, sha256: &str) -> Done<Option<MediaInfo>> {
    // A name that is no digest names nothing.
    let Ok(digest) = revisions::digest(sha256) else {
        return Ok(None);
    };
    connection.one(
        "SELECT size, content_type FROM media WHERE sha256 = ?1",
        [digest],
        |row| {
            Ok(MediaInfo {
                sha256: sha256.to_owned(),
                size: row.get(0)?,
                content_type: row.get(1)?,
            })
        },
    )
}

/// Publishes whose media are to be fetched now, the most urgent first.
pub(crate) fn wanted(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
) -> Done<Vec<WantedMedia>> {
    let sql = format!(
        "{} WHERE p.fetch_at <= ?1 AND r.payload IS NOT NULL ORDER BY p.class, p.fetch_at, p.id LIMIT ?2",
        views::SELECT_WANTED
    );
    connection.all(&sql, params![now.0, limit], |row| views::wanted(row))
}

/// Says what became of fetching.
pub(crate) fn resolve(mut tx: &Tx<'_>, resolved: &[ResolvedMedia]) -> Done<()> {
    resolved
        .iter()
        .try_for_each(|resolved| match waiting(tx, resolved.publish)? {
            None => Ok(()),
            Some(publish) => match &resolved.outcome {
                MediaOutcome::Stored(media) => stored(tx, &publish, media),
                MediaOutcome::Later(at, failure) => later(tx, &publish, *at, failure),
                MediaOutcome::Failed(failure) => give_up(&mut tx, publish.id, failure),
            },
        })
}

/// A publish that waits for its media.
struct Waiting {
    id: PublishId,
    item: i64,
    generation: Generation,
}

fn waiting(tx: &Tx<'_>, id: PublishId) -> Done<Option<Waiting>> {
    let sql = "SELECT item, generation FROM publish WHERE id = ?1 AND fetch_at IS NOT NULL";
    tx.one(sql, [id.0], |row| {
        Ok(Waiting {
            id,
            item: row.get(0)?,
            generation: Generation(row.get(1)?),
        })
    })
}

fn stored(tx: &Tx<'_>, publish: &Waiting, media: &[StoredMedia]) -> Done<()> {
    if let Some(revision) = revisions::of_generation(tx, publish.item, publish.generation)? {
        revisions::set_media(tx, revision, media)?;
    }
    tx.run(
        "UPDATE publish SET fetch_at = NULL WHERE id = ?1",
        [publish.id.0],
    )?;
    release::release(tx, &[Due::of(publish.id)], &[])?;
    Ok(())
}

fn later(tx: &Tx<'_>, publish: &Waiting, at: Timestamp, failure: &Failure) -> Done<()> {
    tx.run(
        "UPDATE publish SET fetch_at = ?2, fetches = fetches + 1 WHERE id = ?1",
        params![publish.id.0, at.0],
    )?;
    tx.run(
        "UPDATE job SET failure = ?2 WHERE publish = ?1 AND state = 0",
        params![publish.id.0, Json(failure)],
    )?;
    Ok(())
}
