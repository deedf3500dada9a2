//! What retention no longer keeps.
//!
//! Ensures that nothing is erased that a destination desires, an open job carries or the next request
//! is compared with; that erased parts of the log leave their hash; and that of several nodes that
//! prune at once each does another part.

use slugline_core::time::Timestamp;
use slugline_engine::store::{OrphanMedia, Retention};
use tokio_postgres::Row;

use super::fault::Done;
use super::session::{BEGIN, COMMIT, Session, call};
use super::webhooks;
use crate::record::Record;

/// Expired keys. One that was used again since has a new time in the same row.
const KEYS: &str = "DELETE FROM key_record WHERE expires_at <= $1 AND key IN
    (SELECT key FROM key_record WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1";

/// Bodies that nothing needs: not the last of their item with a body (a removal works with it, and
/// the next version is compared with it), not desired, and not on their way. The media that they name
/// are no longer named, and the key of an assigned version lasts as long as its body.
const BODIES: &str = "WITH unneeded AS (
        SELECT r.item, r.generation, r.key FROM revision r WHERE r.accepted_at < $1 AND r.payload IS NOT NULL
          AND EXISTS (SELECT 1 FROM revision n WHERE n.item = r.item AND n.generation > r.generation AND n.payload IS NOT NULL)
          AND NOT EXISTS (SELECT 1 FROM desired d WHERE d.item = r.item AND d.generation = r.generation)
          AND NOT EXISTS (SELECT 1 FROM publish p JOIN job j ON j.publish = p.id
                          WHERE p.item = r.item AND p.generation = r.generation AND j.state < 3)
        ORDER BY r.accepted_at LIMIT $2 FOR UPDATE OF r SKIP LOCKED
    ), named AS (
        DELETE FROM revision_media m USING unneeded u WHERE m.item = u.item AND m.generation = u.generation
    ), keys AS (
        UPDATE key_record k SET expires_at = $3 FROM unneeded u WHERE k.key = u.key
    )
    UPDATE revision r SET payload = NULL, salt = NULL, media = NULL
    FROM unneeded u WHERE r.item = u.item AND r.generation = u.generation RETURNING 1";

const RAW_REQUESTS: &str = "DELETE FROM raw_request WHERE publish IN
    (SELECT publish FROM raw_request WHERE received_at < $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1";

const ATTEMPTS: &str = "DELETE FROM attempt WHERE (job, number) IN
    (SELECT a.job, a.number FROM attempt a JOIN job j ON j.id = a.job
     WHERE a.ended_at < $1 AND j.state >= 3 ORDER BY a.ended_at LIMIT $2 FOR UPDATE OF a SKIP LOCKED) RETURNING 1";

/// Marks the oldest segment with entries as erased when its last entry is old enough.
const SEGMENT: &str = "UPDATE segment SET erased = TRUE
    WHERE first = (SELECT first FROM segment WHERE NOT erased ORDER BY first LIMIT 1) AND NOT erased
      AND EXISTS (SELECT 1 FROM event_group g JOIN event e ON e.event_group = g.id
                  WHERE g.first = (SELECT max(first) FROM event_group WHERE first <= segment.last)
                    AND g.first + e.place = segment.last AND e.at < $1)
    RETURNING first, last";

/// The entries from `$1` to `$2`. The first group may have begun before.
const ENTRIES: &str = "DELETE FROM event e USING event_group g WHERE e.event_group = g.id
    AND g.first BETWEEN coalesce((SELECT max(first) FROM event_group WHERE first <= $1), $1) AND $2
    AND g.first + e.place BETWEEN $1 AND $2 RETURNING 1";

/// The groups that have no entries left; the last may end later.
const GROUPS: &str = "DELETE FROM event_group WHERE first <= $1 AND first + entries - 1 <= $1";

/// Kept media that no kept revision names. Locked first, and looked at again in a later statement: a
/// submission that names one of them holds its row until its revision is there.
const UNUSED_MEDIA: &str = "SELECT m.sha256 FROM media m WHERE m.stored_at < $1
    AND NOT EXISTS (SELECT 1 FROM revision_media u WHERE u.sha256 = m.sha256) LIMIT $2 FOR UPDATE SKIP LOCKED";
const MEDIA: &str = "DELETE FROM media m WHERE m.sha256 = ANY ($1)
    AND NOT EXISTS (SELECT 1 FROM revision_media u WHERE u.sha256 = m.sha256) RETURNING 1";

/// Uploads of media that no kept revision names.
const ORPHANS: &str = "SELECT d.name, e.key, e.result_ref
    FROM destination d JOIN effect e ON e.destination = d.id AND e.item = 0
    WHERE e.key > 'media:' AND e.key < 'media;' AND e.recorded_at < $1
      AND NOT EXISTS (SELECT 1 FROM revision_media u WHERE u.sha256 = decode(substr(e.key, 7), 'hex'))
    LIMIT $2";

/// Removes what is older than the policy says, at most `limit` of each kind; how many rows.
pub(crate) async fn prune(
    session: &Session,
    policy: &Retention,
    now: Timestamp,
    limit: usize,
) -> Done<usize> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (bodies, attempts) = (now.minus(policy.revisions).0, now.minus(policy.attempts).0);
    let removed = session
        .each([
            call(KEYS, &[&now.0, &limit]),
            call(BODIES, &[&bodies, &limit, &now.0]),
            call(RAW_REQUESTS, &[&bodies, &limit]),
            call(ATTEMPTS, &[&attempts, &limit]),
            call(webhooks::PRUNE, &[&now.0, &limit]),
            call(webhooks::ERASE, &[&now.0, &limit]),
        ])
        .await?;
    let rows: usize = removed.iter().map(Vec::len).sum();
    let entries = segment(session, now.minus(policy.log)).await?;
    Ok(rows + entries + media(session, now.minus(policy.media), limit).await?)
}

/// Erases the oldest segment's entries when all of it is old enough.
async fn segment(session: &Session, before: Timestamp) -> Done<usize> {
    let [_, erased] = session
        .each([call(BEGIN, &[]), call(SEGMENT, &[&before.0])])
        .await?;
    let range = erased
        .first()
        .map(|row| Done::Ok((row.read(0)?, row.read(1)?)));
    let Some((first, last)): Option<(i64, i64)> = range.transpose()? else {
        session.rows(COMMIT, &[]).await?;
        return Ok(0);
    };
    let [entries, ..] = session
        .each([
            call(ENTRIES, &[&first, &last]),
            call(GROUPS, &[&last]),
            call(COMMIT, &[]),
        ])
        .await?;
    Ok(entries.len())
}

async fn media(session: &Session, before: Timestamp, limit: i64) -> Done<usize> {
    let [_, unused] = session
        .each([call(BEGIN, &[]), call(UNUSED_MEDIA, &[&before.0, &limit])])
        .await?;
    let unused = unused
        .iter()
        .map(|row| row.read(0))
        .collect::<Done<Vec<Vec<u8>>>>()?;
    let [removed, _] = session
        .each([call(MEDIA, &[&unused]), call(COMMIT, &[])])
        .await?;
    Ok(removed.len())
}

/// Uploads of media that no kept revision names, recorded before the time.
pub(crate) async fn orphans(
    session: &Session,
    before: Timestamp,
    limit: usize,
) -> Done<Vec<OrphanMedia>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = session.rows(ORPHANS, &[&before.0, &limit]).await?;
    let orphan = |row: &Row| {
        Ok(OrphanMedia {
            destination: row.read(0)?,
            key: row.read(1)?,
            result_ref: row.read(2)?,
        })
    };
    rows.iter().map(orphan).collect()
}

/// Forgets an orphan, unless it was uploaded again since.
pub(crate) async fn forget_orphan(session: &Session, orphan: &OrphanMedia) -> Done<()> {
    let sql = "DELETE FROM effect WHERE item = 0 AND key = $2 AND result_ref = $3
               AND destination = (SELECT id FROM destination WHERE name = $1)";
    let OrphanMedia {
        destination,
        key,
        result_ref,
    } = orphan;
    session.rows(sql, &[destination, key, result_ref]).await?;
    Ok(())
}
