//! Who is signed in to the console, by hashes.

use slugline_core::time::Timestamp;
use slugline_engine::store::{IDLE, LONGEST, SessionRecord};

use super::fault::Done;
use super::session::Session;
use crate::views::sessions::{self as views, SELECT};

/// Begins one; forgets those that have ended.
pub(crate) async fn begin(session: &Session, hash: &str, token: &str, now: Timestamp) -> Done<()> {
    let sql = "DELETE FROM session WHERE seen_at <= $1 OR began_at <= $2";
    let (idle, oldest) = (now.minus(IDLE).0, now.minus(LONGEST).0);
    session.rows(sql, &[&idle, &oldest]).await?;
    let sql = "INSERT INTO session (hash, token, began_at, seen_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING";
    session.rows(sql, &[&hash, &token, &now.0]).await?;
    Ok(())
}

/// One that has not ended.
pub(crate) async fn one(
    session: &Session,
    hash: &str,
    now: Timestamp,
) -> Done<Option<SessionRecord>> {
    let (idle, oldest) = (now.minus(IDLE).0, now.minus(LONGEST).0);
    let found = session.one(SELECT, &[&hash, &idle, &oldest]).await?;
    found.as_ref().map(views::read).transpose()
}

/// It is used now.
pub(crate) async fn used(session: &Session, hash: &str, now: Timestamp) -> Done<()> {
    let sql = "UPDATE session SET seen_at = $2 WHERE hash = $1";
    session.rows(sql, &[&hash, &now.0]).await?;
    Ok(())
}

/// Ends one.
pub(crate) async fn end(session: &Session, hash: &str) -> Done<()> {
    let sql = "DELETE FROM session WHERE hash = $1";
    session.rows(sql, &[&hash]).await?;
    Ok(())
}
