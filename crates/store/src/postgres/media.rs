//! Media: their bytes, and which of them publishes wait for.
//!
//! Ensures that the bytes lie beside all else, so that nodes hold no state. A submission that names a
//! medium locks its row; see `prune` for how one is removed.

use bytes::Bytes;
use slugline_core::payload::is_sha256;
use slugline_core::time::Timestamp;
use slugline_engine::store::{MediaInfo, NewMedia, WantedMedia};

use super::fault::{Done, Fault};
use super::session::Session;
use crate::record::Record;
use crate::views::media as views;

/// Keeps bytes under their name, from now on.
pub(crate) async fn keep(session: &Session, media: &NewMedia, now: Timestamp) -> Done<()> {
    if !is_sha256(&media.sha256) {
        return Err(Fault::Ours(format!(
            "{:?} is not a SHA-256 in hex",
            media.sha256
        )));
    }
    let sql = "INSERT INTO media (sha256, size, content_type, stored_at, bytes)
               VALUES (decode($1, 'hex'), $2, $3, $4, $5)
               ON CONFLICT (sha256) DO UPDATE SET stored_at = excluded.stored_at";
    let size = i64::try_from(media.bytes.len()).unwrap_or(i64::MAX);
    let NewMedia {
        sha256,
        content_type,
        bytes,
    } = media;
    session
        .rows(sql, &[sha256, &size, content_type, &now.0, &&bytes[..]])
        .await?;
    Ok(())
}

/// What is known of a medium. A name that is no digest names nothing.
pub(crate) async fn info(session: &Session, sha256: &str) -> Done<Option<MediaInfo>> {
    if !is_sha256(sha256) {
        return Ok(None);
    }
    let sql = "SELECT size, content_type FROM media WHERE sha256 = decode($1, 'hex')";
    let found = session.one(sql, &[&sha256]).await?;
    let info = |row: tokio_postgres::Row| {
        Ok(MediaInfo {
            sha256: sha256.to_owned(),
            size: row.read(0)?,
            content_type: row.read(1)?,
        })
    };
    found.map(info).transpose()
}

/// A medium's bytes.
pub(crate) async fn bytes(session: &Session, sha256: &str) -> Done<Option<Bytes>> {
    if !is_sha256(sha256) {
        return Ok(None);
    }
    let sql = "SELECT bytes FROM media WHERE sha256 = decode($1, 'hex')";
    let found = session.one(sql, &[&sha256]).await?;
    found
        .map(|row| row.read::<Vec<u8>>(0).map(Bytes::from))
        .transpose()
}

/// Publishes whose media are to be fetched now, the most urgent first.
pub(crate) async fn wanted(
    session: &Session,
    now: Timestamp,
    limit: usize,
) -> Done<Vec<WantedMedia>> {
    // By itself, so that no plan begins elsewhere than at the few that wait.
    let due = "SELECT p.id FROM publish p WHERE p.fetch_at <= $1 ORDER BY p.class, p.fetch_at, p.id LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let due = session.rows(due, &[&now.0, &limit]).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let due: Vec<i64> = due.iter().map(|row| row.read(0)).collect::<Done<_>>()?;
    let sql = format!(
        "{} WHERE p.id = ANY($1) AND r.payload IS NOT NULL ORDER BY p.class, p.fetch_at, p.id",
        views::SELECT_WANTED
    );
    let rows = session.rows(&sql, &[&due]).await?;
    rows.iter().map(views::wanted).collect()
}
