//! Revisions: the bodies of accepted generations, and the media that they name.
//!
//! Ensures that what a run delivers is what was accepted, and that no kept revision names media
//! whose bytes are gone.

use rusqlite::{Connection, params};
use slugline_core::payload::StoredMedia;
use slugline_core::version::Generation;

use super::carry_out::Accepting;
use super::column::{Digest, Json};
use super::fault::{Done, Fault};
use super::jobs::JobRow;
use super::statements::Statements;
use super::tx::Tx;
use crate::task::Body;

/// Whether a medium's bytes are kept.
pub(crate) fn is_kept(connection: &Connection, sha256: &str) -> Done<bool> {
    Ok(connection
        .one(
            "SELECT 1 FROM media WHERE sha256 = ?1",
            [digest(sha256)?],
            |_| Ok(()),
        )?
        .is_some())
}

/// Stores the body of a new generation. `key_record`: kept as long as the body.
pub(crate) fn insert(tx: &Tx<'_>, accepting: &Accepting<'_>, key_record: Option<i64>) -> Done<()> {
    let submission = accepting.submission;
    let body = accepting.body.map(|body| &body.text);
    let sql = "INSERT INTO revision (item, generation, publish, accepted_at, key_record, slug, checksum, salt, payload)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let (generation, checksum) = (accepting.accept.generation.0, Digest(submission.body));
    tx.run(
        sql,
        params![
            accepting.item,
            generation,
            accepting.publish.0,
            tx.now.0,
            key_record,
            accepting.accept.slug,
            checksum,
            accepting.salt,
            body
        ],
    )?;
    match (&submission.media, body) {
        (Some(media), Some(_)) if !media.is_empty() => set_media(tx, tx.last_insert_rowid(), media),
        _ => Ok(()),
    }
}

/// Says which stored media a revision uses.
pub(crate) fn set_media(tx: &Tx<'_>, revision: i64, media: &[StoredMedia]) -> Done<()> {
    tx.run(
        "UPDATE revision SET media = ?2 WHERE id = ?1",
        params![revision, Json(media)],
    )?;
    tx.run("DELETE FROM revision_media WHERE revision = ?1", [revision])?;
    for medium in media {
        let sql = "INSERT OR IGNORE INTO revision_media (sha256, revision) VALUES (?1, ?2)";
        tx.run(sql, params![digest(&medium.sha256)?, revision])?;
    }
    Ok(())
}

/// The number of a generation's revision.
pub(crate) fn of_generation(
    connection: &Connection,
    item: i64,
    generation: Generation,
) -> Done<Option<i64>> {
    connection.one(
        "SELECT id FROM revision WHERE item = ?1 AND generation = ?2",
        [item, generation.0],
        |row| row.get(0),
    )
}

/// The body that a job works with: its generation's, or for a removal that of the last generation
/// with a body, if there is one.
pub(crate) fn body_for(connection: &Connection, job: &JobRow) -> Done<Option<Body>> {
    let sql = "SELECT slug, payload, media FROM revision
               WHERE item = ?1 AND generation BETWEEN ?2 AND ?3 AND payload IS NOT NULL ORDER BY generation DESC LIMIT 1";
    let oldest = if job.action.removes() {
        0
    } else {
        job.generation.0
    };
    connection.one(sql, [job.item, oldest, job.generation.0], |row| {
        Ok(Body {
            slug: row.get::<_, Option<_>>(0)?.unwrap_or_default(),
            payload: row.get::<_, Json<_>>(1)?.0,
            media: row
                .get::<_, Option<Json<_>>>(2)?
                .map(|media| media.0)
                .unwrap_or_default(),
        })
    })
}

/// A medium's name as its 32 bytes.
pub(crate) fn digest(sha256: &str) -> Done<Vec<u8>> {
    let bytes: Option<Vec<u8>> = (0..sha256.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(sha256.get(at..at + 2)?, 16).ok())
        .collect();
    bytes
        .filter(|bytes| bytes.len() == 32)
        .ok_or_else(|| Fault::Ours(format!("{sha256:?} is not a SHA-256 in hex")))
}
